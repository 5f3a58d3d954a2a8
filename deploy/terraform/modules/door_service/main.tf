# Our gateway as a Fargate service behind an application load balancer, which has the certificate.

locals {
  port    = 8080
  metrics = 8001
  settings = merge(var.settings, {
    GATEWAY_HOST = "0.0.0.0"
    GATEWAY_PORT = tostring(local.port)
  })
}

resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "Load balancer of event_processor's gateway"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each          = toset(var.client_cidrs)
  security_group_id = aws_security_group.balancer.id
  description       = "HTTPS from clients"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "tasks" {
  for_each                     = { requests = local.port, health = local.metrics }
  security_group_id            = aws_security_group.balancer.id
  description                  = "${title(each.key)} to the tasks"
  referenced_security_group_id = var.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  for_each                     = { requests = local.port, health = local.metrics }
  security_group_id            = var.security_group_id
  description                  = "${title(each.key)} from the load balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_lb" "this" {
  # checkov:skip=CKV_AWS_91:a log of requests needs a bucket of its own, and has nothing that the gateway's metrics have not
  # checkov:skip=CKV2_AWS_28:a WAF is the account's choice
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = var.internal
  subnets                    = var.balancer_subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  idle_timeout               = 60 # longer than an answer takes, shorter than the gateway keeps a connection
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = var.protected
}

resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378:TLS ends at the load balancer; behind it is the VPC
  name                          = var.name
  vpc_id                        = var.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = local.port
  load_balancing_algorithm_type = "least_outstanding_requests"
  deregistration_delay          = 15 # longer than a request may take; ECS stops the task after it

  # A gateway that cannot reach Kinesis is not ready. If none is, the load balancer asks all of them, and they say 503.
  health_check {
    port                = tostring(local.metrics)
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

module "tasks" {
  source               = "../service_ecs"
  name                 = var.name
  job                  = "gateway"
  port                 = local.metrics
  door                 = { port = local.port, target_group_arn = aws_lb_target_group.this.arn }
  image                = var.image
  architecture         = var.architecture
  cpu                  = var.cpu
  memory               = var.memory
  minimum              = var.minimum
  maximum              = var.maximum
  settings             = local.settings
  secrets              = { GATEWAY_KEYS = var.keys_arn }
  policy               = var.policy
  repository_arn       = var.repository_arn
  subnet_ids           = var.subnet_ids
  security_group_id    = var.security_group_id
  rollback_alarm_names = [aws_cloudwatch_metric_alarm.failures.alarm_name]
  log_retention_days   = var.log_retention_days
  kms_key_arn          = var.kms_key_arn
  depends_on           = [aws_lb_listener.https] # ECS refuses a target group that no load balancer has
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  alarm_name          = "${var.name}-failures"
  alarm_description   = "Requests at the gateway are answered 5xx. Runbook: EventGatewayUnavailable."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  dimensions          = { LoadBalancer = aws_lb.this.arn_suffix }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.failures_a_minute
  treat_missing_data  = "notBreaching" # no failure, no metric
  alarm_actions       = var.topics
  ok_actions          = var.topics
}

resource "aws_cloudwatch_metric_alarm" "unhealthy" {
  alarm_name          = "${var.name}-down"
  alarm_description   = "No task of the gateway is ready. Runbook: EventGatewayDown."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  dimensions          = { LoadBalancer = aws_lb.this.arn_suffix, TargetGroup = aws_lb_target_group.this.arn_suffix }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.topics
  ok_actions          = var.topics
}
