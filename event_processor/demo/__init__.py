"""Everything on one machine, with faults: emulator, fleet, processor and audit, each a real process."""
