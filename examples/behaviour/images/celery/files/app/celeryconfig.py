broker_url = 'filesystem://'
broker_transport_options = {'data_folder_in': '/tmp/queue/in', 'data_folder_out': '/tmp/queue/in', 
    'control_folder': '/tmp/queue/control', 'processed_folder': '/tmp/queue/processed', 'store_processed': True}
result_backend = 'db+sqlite:////tmp/results/results.sqlite'
imports = ('etl.tables', 'etl.pictures', 'etl.web')
task_serializer = 'json'
result_serializer = 'json'
accept_content = ['json', 'pickle']
timezone = 'Europe/Vienna'
enable_utc = True
worker_hijack_root_logger = False
broker_connection_retry_on_startup = True
beat_schedule = {'tick': {'task': 'etl.tables.tick', 'schedule': 3600.0}}
