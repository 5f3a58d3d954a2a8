"""Faults: which, how often and when. Nothing else in the emulator knows about them; it asks here."""

from local_aws.faults.action import Action
from local_aws.faults.control import FaultControl
from local_aws.faults.dice import CallFate, FaultDice
from local_aws.faults.plan import Plan
from local_aws.faults.settings import Faults

__all__ = ["Action", "CallFate", "FaultControl", "FaultDice", "Faults", "Plan"]
