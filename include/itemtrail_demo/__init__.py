"""The demo: an HRMS workload on the sandbox, archived and proven through Airflow, then tampered with.

``make demo`` (``ARGS="--calls N --seed S --folder DIR --stay"``): starts the sandbox, lets the owner create tables,
identities and the first employees, runs the DAG ``setup_trail``, replays three UTC days of an HRMS application (real boto3
calls, by their owners), archives each day with the DAG ``archive_trail``, shows what the receipts say, looks for every call
it sent in the archive, answers two questions by SQL, and tampers with the trail bucket before two judges. Exit code 0 only
if all of it was as expected.

``make ui`` (``ARGS="--port P …"``): the same days with a real scheduler; the UI stays up until Ctrl-C.

Modules, from facts to screen: ``people tables world calls`` what there is and what a call changes; ``company cases jobs
hrms`` the plan; ``actors replay truth`` sending it and writing down what is known; ``folder config stage capture`` where it
runs; ``drill`` harm and judges; ``report console interrupt options tour`` what is shown and how it ends.
"""
