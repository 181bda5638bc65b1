#!/usr/bin/env python3
"""Verify an evidence pack of Cairn: ``python verify_pack.py PACK.zip [--head POSITION:SHA256]``.

Needs Python 3.9 or newer and nothing else: no network, no database, nothing of Cairn. It reads the archive in memory,
extracts nothing and runs nothing. It computes every hash again, follows the audit chain from its first entry to its
last, compares what was signed, shown and decided with the chain, and says in words what is proven and what is not.

Exit code: 0 everything holds, 1 something was changed or is missing, 2 the file cannot be read as a pack.

A pack contains a copy of this program. Whoever changes a pack can change that copy too: take this file from Cairn's
public source if it matters.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import PurePosixPath

FORMAT = "cairn-pack-1"
MANIFEST, SUMS, CHAIN = "MANIFEST.json", "SHA256SUMS", "audit/chain.jsonl"
NOTHING = "0" * 64
CHUNK = 1 << 20
LONGEST_TEXT = 256 << 20
DECISIONS = ("milestone.accepted", "milestone.changes_requested")


class NotAPackError(Exception):
    """The file is no pack that this program can read."""


def sha256(content):
    """Lower-case hexadecimal SHA-256 of bytes, or of a text as UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


class Pack:
    """The archive, what is wrong with it, and what was found to hold."""

    def __init__(self, archive):
        self.archive = archive
        self.problems = []
        self.holds = []
        self.names = [entry.filename for entry in archive.infolist()]
        self.manifest = self.json(MANIFEST)
        if not isinstance(self.manifest, dict) or self.manifest.get("format") != FORMAT:
            raise NotAPackError(f"{MANIFEST} does not say that this is a {FORMAT}")
        self.entries = []
        self.anchored = False

    def wrong(self, words):
        self.problems.append(words)

    def bytes(self, name):
        """A file's bytes; empty when it is not there, which is told elsewhere."""
        if name not in self.names:
            return b""
        if self.archive.getinfo(name).file_size > LONGEST_TEXT:
            raise NotAPackError(f"{name} is larger than any text of a pack")
        return self.archive.read(name)

    def json(self, name):
        """What a JSON file says; None when it is not there or says nothing."""
        try:
            return json.loads(self.bytes(name))
        except ValueError:
            return None

    def hash_of(self, name):
        """SHA-256 and size of a file, read piece by piece."""
        digest, size = hashlib.sha256(), 0
        with self.archive.open(name) as file:
            while True:
                piece = file.read(CHUNK)
                if not piece:
                    return digest.hexdigest(), size
                digest.update(piece)
                size += len(piece)

    def of_kind(self, kind):
        """The files of a kind, as the manifest lists them, that are there."""
        listed = [file for file in self.manifest.get("files", []) if file.get("kind") == kind]
        return [file for file in listed if file.get("name") in self.names]

    def said(self, *verbs):
        """The entries of the chain with one of these verbs."""
        return [entry for entry in self.entries if entry["said"]["verb"] in verbs]


# --- the files -----------------------------------------------------------------------------------------------------


def check_files(pack):
    """Manifest, list of sums and archive name the same files, and every file has the hash that both say."""
    before = len(pack.problems)
    for name in sorted({name for name in pack.names if pack.names.count(name) > 1}):
        pack.wrong(f"ADDED: {name} is there more than once")
    for name in pack.names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
            pack.wrong(f"ADDED: {name!r} is no name of a pack's file")
    listed = {file["name"]: file for file in pack.manifest.get("files", [])}
    sums = read_sums(pack)
    there = set(pack.names)
    for name in sorted((set(listed) | set(sums) | {MANIFEST, SUMS}) - there):
        pack.wrong(f"REMOVED: {name} is listed and not there")
    for name in sorted(there - set(listed) - {MANIFEST, SUMS}):
        pack.wrong(f"ADDED: {name} is there and {MANIFEST} does not list it")
    for name in sorted((there & set(listed) | {MANIFEST}) - set(sums)):
        pack.wrong(f"REMOVED: {SUMS} does not list {name}")
    for name in sorted(there - {SUMS}):
        check_file(pack, name, listed.get(name), sums.get(name))
    if len(pack.problems) == before:
        pack.holds.append(f"All {len(listed)} files are there, none was added, and each has its SHA-256.")


def check_file(pack, name, listed, expected):
    found, size = pack.hash_of(name)
    if listed is not None and (listed["sha256"], listed["size"]) != (found, size):
        pack.wrong(f"CHANGED: {name} has {size} bytes and SHA-256 {found}; {MANIFEST} says {listed['sha256']}")
    elif expected is not None and expected != found:
        pack.wrong(f"CHANGED: {name} has SHA-256 {found}; {SUMS} says {expected}")


def read_sums(pack):
    lines = pack.bytes(SUMS).decode("utf-8", "replace").splitlines()
    return {line[66:]: line[:64] for line in lines if len(line) > 66}


# --- the audit chain -----------------------------------------------------------------------------------------------


def check_chain(pack):
    """Every entry contains the hash of the one before; the last one is the head that the manifest names."""
    before = len(pack.problems)
    position, head = 0, NOTHING
    for number, line in enumerate(pack.bytes(CHAIN).decode("utf-8", "replace").splitlines(), start=1):
        try:
            entry = json.loads(line)
            said = json.loads(entry["text"])
            stated = (entry["position"], entry["previous"], entry["sha256"], said["position"], said["verb"])
        except (ValueError, KeyError, TypeError):
            pack.wrong(f"CHAIN: line {number} cannot be read")
            continue
        if stated[0] != position + 1 or stated[3] != stated[0]:
            pack.wrong(f"CHAIN: line {number} is entry {stated[0]}; entry {position + 1} was expected")
        if stated[1] != head:
            pack.wrong(f"CHAIN: entry {stated[0]} does not follow from the entry before it")
        if sha256(stated[1] + entry["text"]) != stated[2]:
            pack.wrong(f"CHAIN: the hash of entry {stated[0]} is not the hash of its text")
        pack.entries.append({**entry, "said": said})
        # From here on the chain is followed as it stands, so that one change is one problem.
        position, head = stated[0], stated[2]
    told = pack.manifest.get("head", {})
    if (position, head) != (told.get("position"), told.get("sha256")):
        pack.wrong(f"CHAIN: it ends with entry {position} {head}; {MANIFEST} says {told}")
    if len(pack.problems) == before:
        pack.holds.append(f"The audit chain of {position} entries is unbroken, from its first entry to its last:")
        pack.holds.append(f"  {head}")


def check_heads(pack, heads):
    """Heads that somebody kept elsewhere: on a printed certificate, in a mail."""
    by_position = {entry["position"]: entry["sha256"] for entry in pack.entries}
    for position, expected in heads:
        if by_position.get(position) == expected:
            pack.anchored = True
            pack.holds.append(f"The chain still contains entry {position} as it was noted elsewhere: {expected}.")
        else:
            pack.wrong(f"CHAIN: entry {position} is {by_position.get(position)}; it was noted elsewhere as {expected}")


# --- what was agreed, shown, decided, billed -----------------------------------------------------------------------


def check_versions(pack):
    """The text of each version is the one that the chain says was signed; so are its signatures."""
    hashes = {}
    for file in pack.of_kind("version"):
        text = pack.bytes(file["name"])
        version = json.loads(text)["contract"]["version"]
        hashes[version] = sha256(text)
        signed = [e for e in pack.said("contract.proposed") if e["said"]["facts"]["version"] == version]
        if not signed or signed[-1]["said"]["facts"]["sha256"] != sha256(text):
            pack.wrong(f"CHANGED: {file['name']} is not the text of version {version} that the chain says was signed")
    count = 0
    for file in pack.of_kind("signatures"):
        for signature in pack.json(file["name"]) or []:
            count += check_signature(pack, signature, file["name"], hashes)
    for entry in pack.said("contract.signed"):
        if entry["said"]["facts"]["version"] not in hashes:
            pack.wrong(f"REMOVED: version {entry['said']['facts']['version']} was signed, and its text is not there")
    if hashes:
        pack.holds.append(f"{len(hashes)} version(s) of the contract are word for word what {count} signature(s) name.")


def check_signature(pack, signature, name, hashes):
    verb = "contract.proposed" if signature["side"] == "seller" else "contract.signed"
    entry = next((e for e in pack.said(verb) if e["said"]["facts"]["sha256"] == signature["sha256"]), None)
    who = f"the {signature['side']}'s signature in {name}"
    if signature["sha256"] != hashes.get(signature["version"]):
        pack.wrong(f"CHANGED: {who} is on another text than the one in this pack")
    if entry is None or not same_person(entry["said"], signature, "signed_at"):
        pack.wrong(f"CHANGED: {who} does not stand in the chain like this")
    if sha256(signature["statement"]) != signature["statement_sha256"]:
        pack.wrong(f"CHANGED: the statement of {who} does not have its hash")
    return 1


def same_person(said, told, when):
    """Whether an entry of the chain and a record tell the same: who, mailbox, from where, how, when."""
    parts = ("name", "email", "address", "agent", "authenticated_by")
    return said["at"] == told[when] and all(said["actor"][part] == told[part] for part in parts)


def check_submissions(pack):
    """The text of each submission is the one that the chain says was sent; the files that it names are there."""
    evidence = {file["sha256"] for file in pack.of_kind("evidence")}
    sent = {e["said"]["subject"]: e["said"]["facts"] for e in pack.said("milestone.submitted")}
    found, files = {}, 0
    for file in pack.of_kind("submission"):
        text = pack.bytes(file["name"])
        facts = sent.get(f"submission:{file['ref']}")
        if facts is None or facts["sha256"] != sha256(text):
            pack.wrong(f"CHANGED: {file['name']} is not the text that the chain says was sent")
        submission = found[file["ref"]] = json.loads(text)
        named = [*submission["files"], *(one for row in submission["criteria"] for one in row["files"])]
        for one in named:
            files += 1
            if one["sha256"] not in evidence:
                pack.wrong(f"REMOVED: the file {one['name']} (SHA-256 {one['sha256']}) of {file['name']} is not there")
    check_nothing_left_out(pack, "submission", {f"submission:{ref}" for ref in found}, "milestone.submitted")
    if found:
        pack.holds.append(f"{len(found)} submission(s) are word for word what was sent, with {files} evidence file(s).")
    return found


def check_decisions(pack, submissions):
    """Each decision stands in the chain with the same person, time, statement and hash of what was shown."""
    entries = {e["said"]["facts"]["submission"]: e["said"] for e in pack.said(*DECISIONS)}
    refs = set()
    for file in pack.of_kind("decision"):
        told = pack.json(file["name"]) or {}
        said = entries.get(told.get("submission"))
        refs.add(told.get("submission"))
        if said is None or said["verb"] != f"milestone.{told['outcome']}":
            pack.wrong(f"CHANGED: the chain knows no such decision as {file['name']}")
            continue
        facts = said["facts"]
        for part in ("sha256", "statement", "comment"):
            if facts[part] != told[part]:
                pack.wrong(f"CHANGED: {part} in {file['name']} is not what the chain says")
        if not same_person(said, told, "decided_at"):
            pack.wrong(f"CHANGED: who decided, when or from where in {file['name']} is not what the chain says")
        if sha256(told["statement"]) != told["statement_sha256"]:
            pack.wrong(f"CHANGED: the statement in {file['name']} does not have its hash")
        shown = submissions.get(told["submission"])
        if shown is not None and shown["milestone"]["amount"] != facts["amount"]:
            pack.wrong(f"CHANGED: the amount that {file['name']} decided on is not the amount that was shown")
        if said["verb"] == DECISIONS[0]:
            pack.holds.append(
                f"“{shown['milestone']['title'] if shown else told['submission']}” was accepted at {said['at']} through"
                f" {said['actor']['email']} ({said['actor']['name']}), who agreed to: {told['statement']}"
            )
    for ref, said in entries.items():
        if in_scope(pack, said) and ref not in refs:
            pack.wrong(f"REMOVED: the chain says that submission {ref} was decided, and the decision is not there")


def check_invoices(pack):
    """Each invoice's content is the one that the chain says was issued."""
    issued = {e["said"]["subject"]: e["said"]["facts"] for e in pack.said("invoice.issued")}
    refs = set()
    for file in pack.of_kind("invoice"):
        facts = issued.get(f"invoice:{file['ref']}")
        refs.add(f"invoice:{file['ref']}")
        if facts is None or facts["snapshot_sha256"] != sha256(pack.bytes(file["name"])):
            pack.wrong(f"CHANGED: {file['name']} is not the invoice that the chain says was issued")
    check_nothing_left_out(pack, "invoice", refs, "invoice.issued")
    if refs:
        pack.holds.append(f"{len(refs)} invoice(s) say what the chain says was issued.")


def check_certificates(pack):
    """Certificate and its content have the hashes in the chain; the entries that it names are where it says."""
    made = {e["said"]["subject"]: e["said"]["facts"] for e in pack.said("certificate.made")}
    by_position = {entry["position"]: entry["sha256"] for entry in pack.entries}
    hashes = {file["ref"]: sha256(pack.bytes(file["name"])) for file in pack.of_kind("certificate")}
    for file in pack.of_kind("certificate_text"):
        facts = made.get(f"certificate:{file['ref']}")
        text = pack.bytes(file["name"])
        found = (sha256(text), hashes.get(file["ref"]))
        if facts is None or found != (facts["snapshot_sha256"], facts["sha256"]):
            pack.wrong(f"CHANGED: {file['name']} or its PDF is not the certificate that the chain says was made")
        for place in ("entry", "head"):
            told = json.loads(text)["audit"][place]
            if by_position.get(told["position"]) != told["sha256"]:
                pack.wrong(f"CHAIN: entry {told['position']} is not the one that the certificate {file['name']} names")
    if hashes:
        pack.holds.append(f"{len(hashes)} certificate(s) of acceptance have the hash that the chain says.")


def in_scope(pack, said):
    """Whether an entry is about what this pack is about: the whole contract, or one milestone."""
    only = pack.manifest.get("milestone")
    return not only or only in (said["facts"].get("milestone"), said["subject"].partition(":")[2])


def check_nothing_left_out(pack, what, there, verb):
    """What the chain speaks of is in the pack."""
    for entry in pack.said(verb):
        subject = entry["said"]["subject"]
        if in_scope(pack, entry["said"]) and subject not in there:
            pack.wrong(f"REMOVED: the chain speaks of {what} {subject}, which is not there")


# --- the answer ----------------------------------------------------------------------------------------------------

NOT_PROVEN = (
    "who sat at the keyboard: a decision shows that somebody with access to the mailbox agreed, not who that was;",
    "the times: they are those of Cairn's database clock, with no time stamp of a third party;",
    "that the chain was not written anew as a whole by whoever made this pack or passed it on: it has no seal. Only an"
    " entry that was noted elsewhere (on a printed certificate, in a mail) shows that; give it with --head;",
    "reasons and verdicts per criterion beyond the decision itself, statements of signatures, and the PDF and XML of"
    " invoices: these have the hash in the manifest, but none in the chain;",
    "that this pack is of today: it tells what was recorded up to its last entry.",
)


def verified(path, heads):
    """The pack at a path, after every check."""
    try:
        with zipfile.ZipFile(path) as archive:
            pack = Pack(archive)
            check_files(pack)
            check_chain(pack)
            check_heads(pack, heads)
            try:
                check_versions(pack)
                submissions = check_submissions(pack)
                check_decisions(pack, submissions)
                check_invoices(pack)
                check_certificates(pack)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                pack.wrong(f"CHANGED: a record does not have the form of a {FORMAT} ({error!r})")
            return pack
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise NotAPackError(str(error)) from error


def told(pack):
    """The answer in words, line by line."""
    contract = pack.manifest.get("contract", {})
    yield f"Evidence pack of contract {contract.get('number')} “{contract.get('title')}”, {contract.get('ref')}"
    yield f"As of {pack.manifest.get('as_of')}"
    yield ""
    if pack.problems:
        yield f"THIS PACK DOES NOT HOLD: {len(pack.problems)} problem(s)."
        yield from (f"  {problem}" for problem in pack.problems)
        return
    if pack.anchored:
        yield "EVERYTHING HOLDS, also the entry that was noted elsewhere. Shown by this pack:"
    else:
        yield "EVERYTHING AGREES WITH EVERYTHING ELSE IN THIS PACK. Shown, if the pack comes from Cairn:"
    yield from (f"  {line}" for line in pack.holds)
    if pack.manifest.get("missing"):
        yield ""
        yield "Not in the pack when it was made:"
        yield from (f"  {line}" for line in pack.manifest["missing"])
    yield ""
    yield "Not proven by this pack:"
    yield from (f"  {line}" for line in NOT_PROVEN)


def printable(line):
    """The line without signs that could move the cursor or hide what is told."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def head(written):
    position, _mark, digest = written.partition(":")
    if not position.isdigit() or len(digest) != 64:
        raise argparse.ArgumentTypeError("write it as POSITION:SHA256, as it stands on the certificate")
    return int(position), digest.lower()


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Verify an evidence pack of Cairn.")
    parser.add_argument("pack", help="the ZIP file")
    parser.add_argument(
        "--head", type=head, action="append", default=[], help="an entry that was noted elsewhere, as POSITION:SHA256"
    )
    asked = parser.parse_args(arguments)
    try:
        pack = verified(asked.pack, asked.head)
    except NotAPackError as error:
        sys.stderr.write(f"This is no evidence pack: {error}\n")
        return 2
    sys.stdout.write("\n".join(map(printable, told(pack))) + "\n")
    return 1 if pack.problems else 0


if __name__ == "__main__":
    sys.exit(main())
