"""What realtime costs and how far it reaches, beside its peers."""
