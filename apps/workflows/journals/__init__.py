"""Exports of the journal: read with what documents are called, written by a job, kept with their SHA-256."""
