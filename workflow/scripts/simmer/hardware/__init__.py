"""What the machine did during a campaign: its hardware samples as a table, and a timeline per study."""
