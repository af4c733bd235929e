"""YAML and JSON as kubectl reads them."""

from kubesim.documents.documents import Document, DocumentError, read_documents

__all__ = ["Document", "DocumentError", "read_documents"]
