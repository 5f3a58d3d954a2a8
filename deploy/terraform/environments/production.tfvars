stage  = "production"
region = "eu-west-1"

own_keys           = true
stream             = { shards = 8, retention_hours = 168 }
service            = { minimum = 2, maximum = 4 } # 8 shards take 8,000 records a second: no more than one replica's work
log_retention_days = 365
