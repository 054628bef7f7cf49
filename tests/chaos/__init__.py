"""`make chaos`: faults chosen by a seed hit real processes; an oracle then checks the result."""
