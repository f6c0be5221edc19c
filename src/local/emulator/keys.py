"""Ciphertexts checked without being opened: KMS's ReEncrypt, which MiniStack lacks."""

import base64
import json

from ministack.core.responses import error_response_json
from ministack.services import kms

handle_request = kms.handle_request


def re_encrypt(given):
    """Decrypts and encrypts again; the plaintext stays here."""
    source = given.get("SourceKeyId", "")
    blob = base64.b64decode(given.get("CiphertextBlob", ""))
    embedded = kms._resolve_key(blob[:36].decode("utf-8", errors="ignore"))
    named = kms._resolve_key(source) if source else None
    if named and embedded and named["KeyId"] != embedded["KeyId"]:
        return error_response_json("IncorrectKeyException", "The key is not the one of the ciphertext.", 400)
    context = given.get("SourceEncryptionContext", {})
    wanted = {"CiphertextBlob": given.get("CiphertextBlob", ""), "EncryptionContext": context, "KeyId": source}
    answer = kms._decrypt({name: value for name, value in wanted.items() if value})
    if answer[0] != 200:
        return answer
    plaintext = json.loads(answer[2])
    context = given.get("DestinationEncryptionContext", {})
    key = given.get("DestinationKeyId", "")
    answer = kms._encrypt({"KeyId": key, "Plaintext": plaintext["Plaintext"], "EncryptionContext": context})
    if answer[0] != 200:
        return answer
    made = json.loads(answer[2])
    made["SourceKeyId"] = plaintext["KeyId"]
    return (answer[0], answer[1], json.dumps(made).encode())


async def handle(method, path, headers, body, query_params):
    """Answers a call to KMS."""
    if headers.get("x-amz-target", "").endswith(".ReEncrypt"):
        return re_encrypt(json.loads(body or "{}"))
    return await handle_request(method, path, headers, body, query_params)


kms.handle_request = handle
