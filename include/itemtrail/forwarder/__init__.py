"""The Lambda function that copies stream records into the debug log group; packed into a zip of its own (``package``)."""
