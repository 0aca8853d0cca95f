"""Where events lie and how they come: the log port, its two implementations, a Faust driver for each."""
