"""All that can go wrong, how often and when. This is the one place that knows about failures: the rest asks it."""

from local_aws.faults.action import Action
from local_aws.faults.control import FaultControl
from local_aws.faults.dice import CallFate, FaultDice
from local_aws.faults.plan import Plan
from local_aws.faults.settings import Faults

__all__ = ["Action", "CallFate", "FaultControl", "FaultDice", "Faults", "Plan"]
