"""The 68 points of iBUG's 300-W, or the twelve round the eyes: network, batches, training, export."""
