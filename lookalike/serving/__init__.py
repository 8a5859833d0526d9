"""What every server needs: fair queue, rate limit, work threads, decoders, metrics. No Telegram."""
