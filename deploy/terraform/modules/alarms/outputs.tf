output "rollback_alarm_names" {
  value = [
    aws_cloudwatch_metric_alarm.queue["age"].alarm_name,
    aws_cloudwatch_metric_alarm.queue["dead-letters"].alarm_name,
    aws_cloudwatch_metric_alarm.queue["rejects"].alarm_name,
    aws_cloudwatch_metric_alarm.order.alarm_name,
  ]
  description = "Alarms that a bad version sets off. Throttling is not among them: a version does not cause it."
}
