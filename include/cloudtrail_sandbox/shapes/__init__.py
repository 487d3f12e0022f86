"""How CloudTrail writes a call: requestParameters, responseElements, resources. Pure: values in, values out."""
