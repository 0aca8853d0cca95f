"""Where events lie and how they come: the log port, its two implementations and the Faust drivers for both."""
