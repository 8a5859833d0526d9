"""The aligner: networks, batches, training, evaluation, export."""
