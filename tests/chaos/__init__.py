"""`make chaos`: real processes, killed and confused by a seed; an oracle looks at what is left."""
