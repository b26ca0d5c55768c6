"""What is known of a plate beside how it reads: watchlists, its owner, where it parks."""

OWNERS = {
    "none": "streamer.enrich.owner_none:NoOwner",
    "http": "streamer.enrich.owner_http:HttpOwner",
    "csv": "streamer.enrich.owner_csv:CsvOwner",
}
"""Who knows the owner of a vehicle."""
