#!/usr/bin/env python3
"""Verify an evidence pack of Cairn: ``python verify_pack.py PACK.zip [--head POSITION:SHA256]``.

Needs Python 3.9 or newer and nothing else: no network, no database, nothing of Cairn. It reads the archive in memory,
extracts nothing and runs nothing. It computes every hash again, follows the audit chain from its first entry to its
last, compares what was signed, shown, decided and billed with the chain, down to every field of every record, and says
in words what is proven and what is not.

Exit code: 0 everything holds, 1 something was changed or is missing, 2 the file cannot be read as a pack.

A pack contains a copy of this program. Whoever changes a pack can change that copy too: take this file from Cairn's
public source if it matters.
"""

import argparse
import hashlib
import json
import sys
import zipfile
import zlib
from datetime import date
from pathlib import PurePosixPath

FORMAT = "cairn-pack-2"
MANIFEST, SUMS, CHAIN, DETAILS = "MANIFEST.json", "SHA256SUMS", "audit/chain.jsonl", "audit/details.jsonl"
LISTED = {"format", "for", "contract", "milestone", "as_of", "head", "missing", "files"}
NOTHING = "0" * 64
CHUNK = 1 << 20
LONGEST_TEXT = 256 << 20
ACCEPTANCES = ("milestone.accepted", "milestone.accepted_with_reservations", "milestone.partly_accepted")
MANNERS = {"milestone.partly_accepted": " in part", "milestone.accepted_with_reservations": " with reservations"}
OUTCOMES = {"milestone.accepted_with_reservations": "accepted"}
"""What a decision says of itself where that is not what the chain calls the act."""
DECISIONS = (*ACCEPTANCES, "milestone.changes_requested")
LAPSES = ("milestone.deemed_accepted", "milestone.deemed_rejected")
"""What silence decided; only what it accepted has a certificate."""
WITHDRAWALS = ("nullification.asked", "nullification.declined", "nullification.withdrawn", "milestone.nullified")
STEPS = ("question.asked", "question.answered", "milestone.inspected", "milestone.first_accepted")
COMMENTED = "milestone.commented"
SPOKEN = {
    "reservation.mended": "mended",
    "reservation.still_missing": "missing",
    "reservation.released": "released",
    "reservation.reduction_offered": "offer",
    "reservation.reduced": "agreed",
}
"""What is said of a defect since the acceptance, by the act that the chain tells."""
SHOWN_OF_DEFECT = "reservation.file_attached"
SETTLED_IN_DISPUTE = "reservation.settled_in_dispute"
RESERVATIONS = (*SPOKEN, SHOWN_OF_DEFECT, SETTLED_IN_DISPUTE)
DISPUTES = (
    "dispute.raised",
    "dispute.answered",
    "dispute.file_attached",
    "dispute.outcome_proposed",
    "dispute.withdrawn",
    "dispute.settled",
)
ENDS_OF_DISPUTES = DISPUTES[-2:]
RELEASES = ("retention.released",)
PROPOSALS = ("contract.proposed", "change.proposed")
SIGNED = ("contract.signed", "change.signed")
ENDINGS = (
    "termination.noticed",
    "termination.withdrawn",
    "settlement.proposed",
    "settlement.withdrawn",
    "settlement.signed",
    "contract.terminated",
)
TOLD_TO_BOTH = (
    *(*PROPOSALS, *SIGNED, *DECISIONS, *STEPS, *WITHDRAWALS, *ENDINGS),
    *(*RESERVATIONS, *DISPUTES, *RELEASES, COMMENTED),
)
"""Acts that are addressed to the other side, which is told who acted and from where."""
PERSON = ("name", "email", "address", "agent", "authenticated_by")
ABSENT = object()


class NotAPackError(Exception):
    """The file is no pack that this program can read."""


def sha256(content):
    """Lower-case hexadecimal SHA-256 of bytes, or of a text as UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def canonical(value):
    """The canonical text of what was read from JSON: sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def readable(value):
    """A record as it is written for people too."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


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
        self.details = {}
        self.known = {(MANIFEST, "", ""), (SUMS, "", "")}
        self.titles = {}
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

    def file(self, kind, ref=""):
        """The name of the file that the manifest lists as this, if it is there."""
        for file in self.manifest.get("files", []):
            if (file.get("kind"), file.get("ref", "")) == (kind, ref) and file.get("name") in self.names:
                return file["name"]
        return None

    def needed(self, kind, ref, words):
        """The same for what the chain speaks of; when it is not there, that is told."""
        name = self.file(kind, ref)
        if name is None:
            self.wrong(f"REMOVED: {words} is not there")
        return name

    def expect(self, name, kind, ref=""):
        """A file of this name, kind and reference belongs into this pack."""
        self.known.add((name, kind, ref))

    def is_missing(self, kind, of):
        """Whether the manifest says that this was still being made."""
        return {"kind": kind, "of": of} in self.manifest.get("missing", [])

    def who(self, entry):
        """Who acted and from where; entries of earlier versions of Cairn say it themselves."""
        return self.details.get(entry["position"]) or entry["said"]["actor"]

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
    for name in sorted({name for name in listed if [file["name"] for file in pack.manifest["files"]].count(name) > 1}):
        pack.wrong(f"ADDED: {MANIFEST} lists {name} more than once")
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


def lines_of(text):
    """The lines of a text. Not those of str.splitlines, which ends them at signs that a text may hold inside."""
    return text[: -1 if text.endswith("\n") else None].split("\n") if text else []


def read_sums(pack):
    text = pack.bytes(SUMS).decode("utf-8", "replace")
    sums = {line[66:]: line[:64] for line in lines_of(text)}
    if text != "".join(f"{digest}  {name}\n" for name, digest in sums.items()):
        pack.wrong(f"CHANGED: {SUMS} has lines that name no file")
    return sums


# --- the audit chain -----------------------------------------------------------------------------------------------


def check_chain(pack):
    """Every entry contains the hash of the one before; the last one is the head that the manifest names."""
    before = len(pack.problems)
    position, head = 0, NOTHING
    for number, line in enumerate(lines_of(pack.bytes(CHAIN).decode("utf-8", "replace")), start=1):
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
    told = pack.manifest.get("head")
    if told != {"position": position, "sha256": head}:
        pack.wrong(f"CHAIN: it ends with entry {position} {head}; {MANIFEST} says {told}")
    kept = ({part: entry[part] for part in ("position", "previous", "sha256", "text")} for entry in pack.entries)
    if pack.bytes(CHAIN).decode("utf-8", "replace") != "".join(f"{canonical(entry)}\n" for entry in kept):
        pack.wrong("CHAIN: it is not written as Cairn writes it")
    pack.expect(CHAIN, "chain")
    if len(pack.problems) == before:
        pack.holds.append(f"The audit chain of {position} entries is unbroken, from its first entry to its last:")
        pack.holds.append(f"  {head}")


def check_details(pack):
    """Who acted and from where is what the chain has a hash of; none is left out, or told to the wrong side."""
    sealed = {entry["position"]: entry["said"]["actor"]["sealed"] for entry in pack.entries if is_sealed(entry)}
    written, texts = pack.bytes(DETAILS).decode("utf-8", "replace"), {}
    for line in lines_of(written):
        told = json.loads(line)
        position, text = told["position"], told["text"]
        if sealed.get(position) != sha256(text):
            pack.wrong(f"CHANGED: who acted in entry {position}, in {DETAILS}, is not what the chain has a hash of")
        pack.details[position], texts[position] = json.loads(text), text
    kept = [canonical({"position": position, "text": text}) for position, text in sorted(texts.items())]
    if written != "".join(f"{line}\n" for line in kept):
        pack.wrong(f"CHANGED: {DETAILS} is not written as Cairn writes it")
    mine = pack.manifest["for"]["organisation"]
    open_to_me = {
        entry["position"]
        for entry in pack.entries
        if is_sealed(entry) and (entry["said"]["actor"]["organisation"] == mine or is_told_to_both(entry["said"]))
    }
    for position in sorted(open_to_me - set(pack.details)):
        pack.wrong(f"REMOVED: who acted in entry {position} is not there")
    for position in sorted(set(pack.details) - open_to_me):
        pack.wrong(f"ADDED: who acted in entry {position} is no business of the side that this pack was made for")
    pack.expect(DETAILS, "details")


def is_sealed(entry):
    """Whether the entry has a hash in place of who acted and from where."""
    return bool(entry["said"]["actor"].get("sealed"))


def is_told_to_both(said):
    """Whether an act is addressed to the other side; an event is since its confirmation is told with its statement."""
    return said["verb"] in TOLD_TO_BOTH or (said["verb"] == "event.confirmed" and "statement" in said["facts"])


def is_older(entry):
    """Whether an earlier version of Cairn wrote it, which told less in the chain."""
    return "sealed" not in entry["said"]["actor"]


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


def compare(pack, name, expected, told):
    """Every field of a record is what the chain says, none is left out, and none is there besides."""
    for part in sorted({*expected, *told}):
        if expected.get(part, ABSENT) != told.get(part, ABSENT):
            pack.wrong(f"CHANGED: {part} in {name} is not what the chain says")


def compare_bytes(pack, name, record):
    """The file says it as it is written, so that nobody reads in it what a program does not see."""
    if pack.bytes(name) != readable(record).encode():
        pack.wrong(f"CHANGED: {name} is not written as Cairn writes it")


def ref_of(entry):
    """The reference of what an entry is about."""
    return entry["said"]["subject"].partition(":")[2]


def check_versions(pack):
    """The text of each version is the one that the chain says was signed; so are its signatures, each of them."""
    signed = {entry["said"]["facts"]["version"]: entry for entry in pack.said(*SIGNED)}
    newest, count = None, 0
    for entry in pack.said(*PROPOSALS):
        facts, ref = entry["said"]["facts"], ref_of(entry)
        number = facts["version"]
        name = pack.needed("version", ref, f"version {number}, which was signed,")
        if name is None:
            continue
        text = pack.bytes(name)
        pack.expect(f"contract/version-{number}.json", "version", ref)
        if facts["sha256"] != sha256(text):
            pack.wrong(f"CHANGED: {name} is not the text of version {number} that the chain says was signed")
            continue
        newest = json.loads(text)
        acts = [(side_of(one), one) for one in (entry, signed.get(number)) if one is not None]
        count += check_signatures(pack, ref, number, newest, acts)
        if number in signed:
            check_printed(pack, ref, number)
    check_contract(pack, newest)
    pack.holds.append(
        f"{len(pack.said(*PROPOSALS))} version(s) of the contract are word for word what {count} signature(s) name."
    )


def side_of(entry):
    """Which side signed; older entries do not tell, because only sellers proposed then."""
    own = "seller" if entry["said"]["verb"] in PROPOSALS else "buyer"
    return entry["said"]["facts"].get("side", own)


def check_printed(pack, ref, number):
    """The PDF of the signed version has the hash that the chain says, or was still being made."""
    printed = [e for e in pack.said("contract.printed") if ref_of(e) == ref and e["said"]["facts"]["kind"] == "signed"]
    if printed:
        check_bytes(pack, "contract_pdf", ref, f"contract/version-{number}.pdf", printed[-1]["said"]["facts"]["sha256"])
    elif pack.is_missing("contract_pdf", f"version:{ref}"):
        pack.known.add(("missing", "contract_pdf", f"version:{ref}"))
    else:
        pack.wrong(f"REMOVED: nothing is said of the PDF of version {number}, which both sides signed")


def check_signatures(pack, ref, number, version, acts):
    name = pack.needed("signatures", ref, f"the file of the signatures on version {number}")
    if name is None:
        return 0
    pack.expect(f"contract/version-{number}.signatures.json", "signatures", ref)
    told = pack.json(name)
    if len(told) != len(acts):
        pack.wrong(f"REMOVED: {name} has {len(told)} signature(s); the chain speaks of {len(acts)}")
    for place, signature in enumerate(told[: len(acts)]):
        side, entry = acts[place]
        said, who = entry["said"], pack.who(entry)
        if said["facts"]["sha256"] != acts[0][1]["said"]["facts"]["sha256"]:
            pack.wrong(f"CHANGED: the {side}'s signature in {name} is on another text")
        # The chain of earlier versions of Cairn does not tell the statement of a signature.
        statement = signature["statement"] if is_older(entry) else said["facts"]["statement"]
        edition = signature["statement_version"] if is_older(entry) else said["facts"]["statement_version"]
        expected = {
            **{part: who[part] for part in PERSON},
            "version": number,
            "side": side,
            "organisation": version[side]["legal_name"],
            "signed_at": said["at"],
            "statement": statement,
            "statement_version": edition,
            "statement_sha256": sha256(statement),
            "sha256": said["facts"]["sha256"],
            **({"circumstances": who["facts"]} if who.get("facts") else {}),
        }
        compare(pack, f"the {side}'s signature in {name}", expected, signature)
    compare_bytes(pack, name, told)
    return len(told)


def check_contract(pack, version):
    """What the manifest says that this pack is about is what was signed, and what the chain knows."""
    manifest = pack.manifest
    if set(manifest) - {"links"} != LISTED:
        pack.wrong(f"CHANGED: {MANIFEST} says {sorted(manifest)}; it should say {sorted(LISTED)}")
    if version is not None:
        about = {part: version["contract"][part] for part in ("ref", "number", "title")}
        about.update({side: version[side]["legal_name"] for side in ("seller", "buyer")})
        compare(pack, f"the contract in {MANIFEST}", about, manifest["contract"])
    if pack.entries and manifest["as_of"] != pack.entries[-1]["said"]["at"]:
        pack.wrong(f"CHANGED: {MANIFEST} says another time than that of the last entry")
    milestone = manifest["milestone"]
    known = {one for entry in pack.entries for one in (entry["said"]["facts"].get("milestone"), ref_of(entry))}
    if milestone and milestone not in known:
        pack.wrong(f"CHANGED: the chain knows no milestone {milestone}, which {MANIFEST} names")
    check_side(pack, manifest["for"])


def check_side(pack, side):
    """The pack was made for one side of the contract, which the chain knows by its number."""
    known = sides(pack)
    is_known = side["side"] in known and known[side["side"]] == side["organisation"]
    if set(side) != {"side", "organisation"} or not (is_known or (side["side"] == "buyer" and "buyer" not in known)):
        pack.wrong(f"CHANGED: {MANIFEST} says that the pack was made for {side}; the chain knows the sides as {known}")


def sides(pack):
    """The organisations of the contract, by their side, as far as the chain tells."""
    known = {}
    for entry in pack.said(*PROPOSALS, *SIGNED):
        known[side_of(entry)] = entry["said"]["actor"]["organisation"]
        known.update({one: entry["said"]["facts"][one] for one in ("seller", "buyer") if one in entry["said"]["facts"]})
    return known


def speaks_for(pack, entry):
    """For which side somebody acted; the chain of an earlier version may not tell the buyer, and always the seller."""
    return "seller" if entry["said"]["actor"]["organisation"] == sides(pack).get("seller") else "buyer"


def check_submissions(pack):
    """The text of each submission is the one that the chain says was sent; the files that it names are there."""
    found, files = {}, 0
    for entry in pack.said("milestone.submitted"):
        ref = ref_of(entry)
        if not in_scope(pack, entry["said"]):
            continue
        name = pack.needed("submission", ref, f"submission {ref}, of which the chain speaks,")
        if name is None:
            continue
        text = pack.bytes(name)
        if entry["said"]["facts"]["sha256"] != sha256(text):
            pack.wrong(f"CHANGED: {name} is not the text that the chain says was sent")
            continue
        submission = found[ref] = json.loads(text)
        pack.titles[submission["milestone"]["ref"]] = submission["milestone"]["title"]
        place = place_of(submission["milestone"])
        pack.expect(f"{place}/submission-{submission['cycle']:02d}.json", "submission", ref)
        for one in [*submission["files"], *(one for row in submission["criteria"] for one in row["files"])]:
            files += 1
            names = [f"evidence/{one['sha256']}{ending}" for ending in endings(one["name"])]
            if not any(other in pack.names for other in names):
                pack.wrong(f"REMOVED: the file {one['name']} (SHA-256 {one['sha256']}) of {name} is not there")
            for other in names:
                if other in pack.names and pack.hash_of(other)[0] != one["sha256"]:
                    pack.wrong(f"CHANGED: {other} is not the file {one['name']} of {name}")
                pack.expect(other, "evidence")
    check_links(pack, found)
    pack.holds.append(f"{len(found)} submission(s) are word for word what was sent, with {files} evidence file(s).")
    return found


def check_links(pack, submissions):
    """The manifest lists the links of the submissions, each of them and no other."""
    named = []
    for ref, said in submissions.items():
        for place in [*said["criteria"], said]:
            at = {"criterion": place["position"]} if "position" in place else {}
            named.extend({"submission": ref, **at, **link} for link in place.get("links", []))
    told = pack.manifest.get("links", ABSENT)
    in_order = sorted(told, key=canonical) if isinstance(told, list) else told
    if in_order != (sorted(named, key=canonical) or ABSENT):
        pack.wrong(f"CHANGED: the links in {MANIFEST} are not those that the submissions name")


def place_of(milestone):
    """The folder of a milestone; the rest of one that was accepted in part has one of its own."""
    part = milestone.get("part", 1)
    return f"milestones/{milestone['position']:04d}" + (f"-{part:02d}" if part > 1 else "")


def endings(name):
    """What the name of a file with evidence may end with: as the uploaded one, if that is plain; or with nothing."""
    suffix = PurePosixPath(name).suffix.lower()
    return [suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""]


def check_decisions(pack, submissions):
    """Each decision stands in the chain with the same person, time, statement, verdicts and hash of what was shown."""
    for entry in pack.said(*DECISIONS):
        said, facts = entry["said"], entry["said"]["facts"]
        ref = facts["submission"]
        if not in_scope(pack, said):
            continue
        name = pack.needed("decision", ref, f"the decision on submission {ref}, of which the chain speaks,")
        shown = submissions.get(ref)
        if name is None or shown is None:
            continue
        place = place_of(shown["milestone"])
        pack.expect(f"{place}/submission-{shown['cycle']:02d}.decision.json", "decision", ref)
        told = pack.json(name)
        compare(pack, name, expected_decision(pack, entry, told), told)
        compare_bytes(pack, name, told)
        if not is_older(entry) and facts["verdicts_sha256"] != sha256(canonical(told["verdicts"])):
            pack.wrong(f"CHANGED: verdicts in {name} are not what the chain says")
        if shown["milestone"]["amount"] != facts["amount"]:
            pack.wrong(f"CHANGED: the amount that {name} decided on is not the amount that was shown")
        if "reservations_sha256" in facts:
            check_reservations(pack, facts, f"{place}/submission-{shown['cycle']:02d}.reservations.json")
        if said["verb"] in ACCEPTANCES:
            who = pack.who(entry)
            manner = MANNERS.get(said["verb"], "")
            pack.holds.append(
                f"“{shown['milestone']['title']}” was accepted{manner} at {said['at']} through {who['email']}"
                f" ({who['name']}), who agreed to: {told['statement']}"
            )


def check_reservations(pack, facts, expected):
    """The list of defects is the one under which the buyer accepted."""
    ref = facts["submission"]
    name = pack.needed("reservations", ref, f"the list of defects of submission {ref}, of which the chain speaks,")
    pack.expect(expected, "reservations", ref)
    if name is not None and facts["reservations_sha256"] != sha256(pack.bytes(name)):
        pack.wrong(f"CHANGED: {name} is not the list of defects that the chain says was made")


def worded(told, part, digest):
    """The words of a record, if the chain has this hash of them."""
    return told[part] if sha256(told[part]) == digest else ABSENT


def check_defects(pack, submissions):
    """What was said of each defect since the acceptance is what the chain has hashes of, each word by its author."""
    places = {shown["milestone"]["ref"]: place_of(shown["milestone"]) for shown in submissions.values()}
    spoken = {}
    for entry in pack.said(*RESERVATIONS):
        if in_scope(pack, entry["said"]) and ref_of(entry) in places:
            spoken.setdefault(ref_of(entry), {}).setdefault(entry["said"]["facts"]["reservation"], []).append(entry)
    for ref, defects in spoken.items():
        name = pack.needed("defects", ref, f"what was said of the defects of “{pack.titles[ref]}”")
        pack.expect(f"{places[ref]}/defects.json", "defects", ref)
        if name is None:
            continue
        record, before = pack.json(name), len(pack.problems)
        told = {one["reservation"]: one for one in record["defects"]}
        in_order = sorted(defects.items(), key=lambda one: (one[1][0]["said"]["facts"]["number"], one[0]))
        expected = [expected_defect(pack, entries, told[one]) for one, entries in in_order if one in told]
        if len(expected) != len(defects):
            pack.wrong(f"REMOVED: {name} does not tell of every defect of which the chain speaks")
        compare(pack, name, {"milestone": ref, "defects": expected}, record)
        compare_bytes(pack, name, record)
        for one in record["defects"]:
            check_shown(pack, name, one)
        if len(pack.problems) == before:
            verbs = [one["said"]["verb"] for _, said in in_order for one in said]
            words = [verb.partition(".")[2].replace("_", " ") for verb in verbs if verb != SHOWN_OF_DEFECT]
            shown = f"; {verbs.count(SHOWN_OF_DEFECT)} file(s) shown" if SHOWN_OF_DEFECT in verbs else ""
            pack.holds.append(
                f"“{pack.titles[ref]}”: of its {len(defects)} defect(s) was said: {', '.join(words)}{shown}."
            )


def expected_defect(pack, entries, told):
    """The record of a defect as the chain tells it."""
    last = entries[-1]["said"]
    facts = last["facts"]
    said = [entry for entry in entries if entry["said"]["verb"] in SPOKEN]
    shown = [entry for entry in entries if entry["said"]["verb"] == SHOWN_OF_DEFECT]
    words = [expected_word(pack, entry, one) for entry, one in paired(said, told["words"])]
    # Where nothing was shown there is no list of files.
    files = {"files": each(pack, shown, told.get("files", []), expected_showing)} if shown else {}
    return {
        "reservation": facts["reservation"],
        **{part: facts[part] for part in ("number", "title", "withheld", "currency", "state")},
        "reduced_by": facts["off"] if last["verb"] in ("reservation.reduced", SETTLED_IN_DISPUTE) else "0",
        "words": words if len(words) == len(said) == len(told["words"]) else ABSENT,
        **files,
    }


def expected_word(pack, entry, told):
    said, facts = entry["said"], entry["said"]["facts"]
    return {
        "number": facts["word"],
        "kind": SPOKEN[said["verb"]],
        "side": speaks_for(pack, entry),
        "name": pack.who(entry)["name"],
        "written_at": said["at"],
        "text": worded(told, "text", facts["text_sha256"]),
        "off": facts["off"] if said["verb"] == "reservation.reduction_offered" else None,
    }


def check_comments(pack):
    """What the sides wrote about each milestone is what the chain has hashes of, each word by its author."""
    written = {}
    for entry in pack.said(COMMENTED):
        if in_scope(pack, entry["said"]):
            written.setdefault(ref_of(entry), []).append(entry)
    for ref, entries in written.items():
        facts = entries[0]["said"]["facts"]
        name = pack.needed("comments", ref, f"what was written about “{facts['title']}”")
        pack.expect(f"{place_of(facts)}/comments.json", "comments", ref)
        if name is None:
            continue
        told, before = pack.json(name), len(pack.problems)
        said = [expected_comment(pack, entry, one) for entry, one in paired(entries, told["comments"])]
        whole = said if len(said) == len(entries) == len(told["comments"]) else ABSENT
        compare(pack, name, {"milestone": ref, "comments": whole}, told)
        compare_bytes(pack, name, told)
        if len(pack.problems) == before:
            pack.holds.append(f"“{facts['title']}”: {len(entries)} comment(s) of the two sides, as the chain says.")


def expected_comment(pack, entry, told):
    facts = entry["said"]["facts"]
    return {
        "comment": facts["comment_ref"],
        **acted(pack, entry, "written_at"),
        "text": worded(told, "text", facts["text_sha256"]),
    }


def check_disputes(pack, submissions):
    """Each dispute is told as the chain tells it: who said and showed what, what was proposed, and how it ended."""
    for number, raised in enumerate(pack.said("dispute.raised"), start=1):
        ref = raised["said"]["facts"]["dispute"]
        if not is_disputed_here(pack, raised, submissions):
            continue
        name = pack.needed("dispute", ref, f"the record of dispute {number}, of which the chain speaks,")
        pack.expect(f"disputes/{number:04d}.json", "dispute", ref)
        if name is None:
            continue
        told, before = pack.json(name), len(pack.problems)
        entries = [entry for entry in pack.said(*DISPUTES) if entry["said"]["facts"]["dispute"] == ref]
        compare(pack, name, expected_dispute(pack, entries, told), told)
        compare_bytes(pack, name, told)
        check_shown(pack, name, told)
        if len(pack.problems) == before:
            end = f"{told['state']} at {told['end']['at']}" if told["end"] else "not over"
            pack.holds.append(
                f"Dispute {number}, about {told['about']}, {told['amount']} {told['currency']} of {told['whole']}:"
                f" {len(told['positions'])} position(s), {len(told['files'])} file(s),"
                f" {len(told['proposals'])} proposal(s); {end}."
            )


def is_disputed_here(pack, raised, submissions):
    """Whether a dispute is about what this pack is about: all of a contract; of a milestone what was sent or billed."""
    if not pack.manifest.get("milestone"):
        return True
    if raised["said"]["facts"]["submission"]:
        return raised["said"]["facts"]["submission"] in submissions
    if raised["said"]["subject"].startswith("reservation:"):
        ref = raised["said"]["subject"].partition(":")[2]
        spoken = [entry["said"] for entry in pack.said(*SPOKEN) if entry["said"]["facts"]["reservation"] == ref]
        return any(in_scope(pack, said) for said in spoken)
    billed = [entry for entry in pack.said("invoice.issued") if entry["said"]["subject"] == raised["said"]["subject"]]
    return any(in_scope(pack, entry["said"]) for entry in billed)


def expected_dispute(pack, entries, told):
    """The record of a dispute as the chain tells it; of what was said and of names of files it has the hashes."""
    raised, last = entries[0]["said"], entries[-1]["said"]
    facts = raised["facts"]
    by_verb = {verb: [entry for entry in entries if entry["said"]["verb"] == verb] for verb in DISPUTES}
    return {
        **{part: facts[part] for part in ("dispute", "amount", "whole", "currency", "raised_by")},
        "raised_at": raised["at"],
        "about": f"submission:{facts['submission']}" if facts["submission"] else raised["subject"],
        "state": last["facts"]["state"],
        "answer_due_at": last["facts"]["answer_due_at"],
        "positions": each(
            pack, [*by_verb["dispute.raised"], *by_verb["dispute.answered"]], told["positions"], expected_position
        ),
        "files": each(pack, by_verb["dispute.file_attached"], told["files"], expected_showing),
        "proposals": each(pack, by_verb["dispute.outcome_proposed"], told["proposals"], expected_proposal),
        "end": expected_end(pack, entries[-1], told["end"]),
    }


def paired(entries, told):
    """The entries with their records, as many as there are of both: how many there should be is compared elsewhere."""
    return [(entries[at], told[at]) for at in range(min(len(entries), len(told)))]


def each(pack, entries, told, expected):
    """The records of the entries, in their order; something else than any record when there are more or less."""
    pairs = enumerate(paired(entries, told), start=1)
    return [expected(pack, number, *one) for number, one in pairs] if len(entries) == len(told) else ABSENT


def expected_position(pack, number, entry, told):
    facts = entry["said"]["facts"]
    return {
        "number": facts.get("position", 1),
        **acted(pack, entry, "written_at"),
        "text": worded(told, "text", facts["text_sha256"]),
    }


def expected_showing(pack, number, entry, told):
    facts = entry["said"]["facts"]
    shown = {**acted(pack, entry, "uploaded_at"), **{part: facts[part] for part in ("file", "size", "sha256")}}
    # Earlier versions of Cairn told no hash of the name of a file.
    return {**shown, "name": worded(told, "name", facts.get("name_sha256", sha256(told["name"])))}


def expected_proposal(pack, number, entry, told):
    facts = entry["said"]["facts"]
    return {
        "number": number,
        **acted(pack, entry, "proposed_at"),
        **{part: facts[part] for part in ("outcome", "upheld")},
        **({"kept_until": facts["kept_until"]} if "kept_until" in facts else {}),
        "note": worded(told, "note", facts["note_sha256"]),
    }


def expected_end(pack, entry, told):
    """How a dispute ended, or nothing; until when is reviewed since then earlier versions of Cairn did not tell."""
    said, facts = entry["said"], entry["said"]["facts"]
    if said["verb"] not in ENDS_OF_DISPUTES:
        return None
    return {
        **acted(pack, entry, "at"),
        "upheld": facts.get("upheld", "0"),
        "review_due_at": facts["review_due_at"] if "review_due_at" in facts else told["review_due_at"],
    }


def is_older_dispute(said):
    """Whether an earlier version of Cairn told of a dispute, with less in the chain."""
    return not {"name_sha256", "review_due_at"} & set(said["facts"])


def acted(pack, entry, when):
    """Who acted, for which side, and when."""
    return {"side": speaks_for(pack, entry), "name": pack.who(entry)["name"], when: entry["said"]["at"]}


def check_shown(pack, name, told):
    """The files that a record names are there, with the hash by which they are called."""
    for one in told.get("files", []):
        for shown in (f"evidence/{one['sha256']}{ending}" for ending in endings(one["name"])):
            pack.expect(shown, "evidence")
            if shown not in pack.names:
                pack.wrong(f"REMOVED: the file {one['name']} (SHA-256 {one['sha256']}) of {name} is not there")
            elif pack.hash_of(shown)[0] != one["sha256"]:
                pack.wrong(f"CHANGED: {shown} is not the file {one['name']} of {name}")


def check_lapses(pack, submissions):
    """What silence decided rests on the record of which the chain has the hash: notice, reminders, clause, deadline."""
    for entry in pack.said(*LAPSES):
        said, facts = entry["said"], entry["said"]["facts"]
        ref = facts["submission"]
        shown = submissions.get(ref)
        # Earlier versions of Cairn wrote no record of it.
        if not in_scope(pack, said) or "lapse_sha256" not in facts or shown is None:
            continue
        name = pack.needed("lapse", ref, f"the record of what silence decided of submission {ref}")
        pack.expect(f"{place_of(shown['milestone'])}/submission-{shown['cycle']:02d}.lapse.json", "lapse", ref)
        if name is None:
            continue
        text = pack.bytes(name)
        if facts["lapse_sha256"] != sha256(text):
            pack.wrong(f"CHANGED: {name} is not the record that the chain says was made")
            continue
        told = json.loads(text)
        before = len(pack.problems)
        check_lapse(pack, name, told, facts)
        if len(pack.problems) == before:
            notice = told["notice"]
            asked = ", ".join(one["email"] for one in notice["to"])
            pack.holds.append(
                f"“{shown['milestone']['title']}”, cycle {shown['cycle']}: {told['outcome']} at"
                f" {told['review_due_at']}, as nobody had answered within {told['clause']['days']}"
                f" {told['clause']['unit']} day(s). Asked: {asked}; notice at {notice['at']} ({notice['proof']}),"
                f" {len(told['reminders'])} reminder(s)."
            )


def check_lapse(pack, name, told, facts):
    """The record says of notice and reminders what the chain does, and its deadline is what its days come to."""
    about = f"submission:{facts['submission']}"
    notices = [one for one in pack.said("submission.notified") if one["said"]["subject"] == about]
    if not notices or notices[-1]["said"]["facts"]["proof"] != told["notice"]["proof"]:
        pack.wrong(f"CHAIN: it does not say that the buyer was notified as {name} tells")
    reminded = sorted(
        (one["said"]["facts"]["kind"], one["said"]["at"])
        for one in pack.said("review.reminded")
        if one["said"]["subject"] == about and one["said"]["facts"]["kind"] != "passed"
    )
    if reminded != sorted((one["kind"], one["at"]) for one in told["reminders"]):
        pack.wrong(f"CHAIN: it does not tell of the reminders that {name} lists")
    if (told["submission"]["sha256"], told["milestone"]["amount"]) != (facts["sha256"], facts["amount"]):
        pack.wrong(f"CHAIN: {name} is about another submission than the chain")
    days = told["computation"]
    first, last = (date.fromisoformat(days[part]) for part in ("day_of_the_notice", "last_day"))
    if not told["stood_still"] and (last - first).days - len(days["left_out"]) != told["clause"]["days"]:
        pack.wrong(f"CHANGED: the deadline in {name} is not what its days come to")


def check_settlements(pack):
    """What was accepted at its value when the contract was terminated: the text that both sides signed is there."""
    for entry in pack.said("milestone.settled"):
        said, facts = entry["said"], entry["said"]["facts"]
        if not in_scope(pack, said):
            continue
        ref, milestone = facts["submission"], ref_of(entry)
        name = pack.needed("settlement", ref, f"the settlement that valued milestone {milestone}")
        if name is None:
            continue
        text = pack.bytes(name)
        if facts["sha256"] != sha256(text):
            pack.wrong(f"CHANGED: {name} is not the text that the chain says both sides signed")
            continue
        valued = [one for one in json.loads(text)["milestones"] if one["ref"] == milestone]
        if [one["accepted_and_invoiced"] for one in valued] != [facts["amount"]]:
            pack.wrong(f"CHANGED: {name} values milestone {milestone} otherwise than the chain")
            continue
        pack.titles[milestone] = valued[0]["title"]
        pack.expect(f"{place_of(valued[0])}/settlement.json", "settlement", ref)
        pack.holds.append(
            f"“{valued[0]['title']}” was accepted at {facts['amount']} at {said['at']} by {facts['accepted_by']}, who"
            f" agreed to: {facts['statement']}"
        )


def check_endings(pack):
    """How the contract ended: the text that both sides signed is there, and its PDF, or it was still being made."""
    for entry in pack.said("settlement.signed"):
        ref, facts = ref_of(entry), entry["said"]["facts"]
        words = f"settlement {facts['number']}, which both sides signed,"
        name = pack.needed("settled", ref, words)
        pack.expect("contract/settlement.json", "settled", ref)
        if name is not None and facts["sha256"] != sha256(pack.bytes(name)):
            pack.wrong(f"CHANGED: {name} is not the text that the chain says both sides signed")
        printed = [one for one in pack.said("settlement.printed") if ref_of(one) == ref]
        if printed:
            digest = printed[-1]["said"]["facts"]["sha256"]
            check_bytes(pack, "settlement_pdf", ref, "contract/settlement.pdf", digest)
        elif pack.is_missing("settlement_pdf", f"settlement:{ref}"):
            pack.known.add(("missing", "settlement_pdf", f"settlement:{ref}"))
        else:
            pack.wrong(f"REMOVED: nothing is said of the PDF of {words}")
        pack.holds.append(
            f"Settlement {facts['number']}, signed by both sides, ended the contract: {entry['said']['at']}."
        )


def check_events(pack):
    """Each event that the buyer confirmed has its record, and its certificate, as the chain says."""
    certified = {ref_of(entry): entry["said"]["facts"] for entry in pack.said("event.certified")}
    by_position = {entry["position"]: entry["sha256"] for entry in pack.entries}
    for number, entry in enumerate(pack.said("event.confirmed"), start=1):
        said, facts, ref = entry["said"], entry["said"]["facts"], ref_of(entry)
        # Of a confirmation by an earlier version of Cairn the chain alone tells.
        if not in_scope(pack, said) or not is_told_to_both(said):
            continue
        place, words = f"events/{number:04d}", f"the confirmation of “{facts['event']}”, of which the chain speaks,"
        name = pack.needed("confirmation", ref, words)
        pack.expect(f"{place}/confirmation.json", "confirmation", ref)
        if name is not None:
            told = pack.json(name)
            compare(pack, name, expected_confirmation(pack, entry, told), told)
            compare_bytes(pack, name, told)
        if ref in certified:
            check_event_certificate(pack, ref, place, certified[ref], by_position)
        elif pack.is_missing("event_certificate", f"event:{ref}"):
            pack.known.add(("missing", "event_certificate", f"event:{ref}"))
        else:
            pack.wrong(f"REMOVED: nothing is said of the certificate of {words}")
        who = pack.who(entry)
        pack.holds.append(
            f"“{facts['event']}” was confirmed at {said['at']} through {who['email']} ({who['name']}), who agreed to:"
            f" {facts['statement']}"
        )


def expected_confirmation(pack, entry, told):
    """The record of a confirmation as the chain tells it; of the note the chain has the hash."""
    facts, who = entry["said"]["facts"], pack.who(entry)
    note = told.get("note", "")
    if sha256(note) != facts["note_sha256"]:
        note = None
    parts = ("event", "payable", "statement", "statement_version", "proved_by", "proved_at", "sha256")
    return {
        **{part: who[part] for part in PERSON},
        **{part: facts[part] for part in parts},
        "note": note,
        "confirmed_at": entry["said"]["at"],
        "statement_sha256": sha256(facts["statement"]),
        "circumstances": who["facts"],
    }


def check_event_certificate(pack, ref, place, facts, by_position):
    """The certificate of an event has the hashes in the chain; the entries that it names are where it says."""
    check_bytes(pack, "event_certificate", ref, f"{place}/certificate.pdf", facts["sha256"])
    check_bytes(pack, "event_certificate_text", ref, f"{place}/certificate.json", facts["snapshot_sha256"])
    name = pack.file("event_certificate_text", ref)
    told = pack.json(name) if name is not None else None
    for where in ("entry", "head") if told else ():
        named = told["audit"][where]
        if by_position.get(named["position"]) != named["sha256"]:
            pack.wrong(f"CHAIN: entry {named['position']} is not the one that the certificate {name} names")


def check_steps(pack, submissions):
    """Questions, answers, inspections and first acceptances are those of the chain, and no others."""
    acts = {}
    for entry in pack.said(*STEPS):
        if in_scope(pack, entry["said"]):
            acts.setdefault(entry["said"]["facts"].get("submission") or ref_of(entry), []).append(entry)
    for ref, entries in acts.items():
        name = pack.needed("steps", ref, f"the record of what came before the decision on submission {ref}")
        shown = submissions.get(ref)
        if name is None or shown is None:
            continue
        pack.expect(f"{place_of(shown['milestone'])}/submission-{shown['cycle']:02d}.steps.json", "steps", ref)
        told = pack.json(name)
        before = len(pack.problems)
        expected = [step for entry in entries for step in chained_step(pack, entry)]
        if sorted(expected) != sorted(told_steps(told)):
            pack.wrong(f"CHANGED: {name} does not tell what the chain says of questions, inspections and acceptances")
        if len(pack.problems) == before:
            stops = [one for one in told["questions"] if one["stops_clock"]]
            pack.holds.append(
                f"“{shown['milestone']['title']}”, cycle {shown['cycle']}: {len(told['questions'])} question(s),"
                f" {len(stops)} of which stopped the clock, {len(told['inspections'])} inspection(s),"
                f" {'a' if told['first_acceptance'] else 'no'} first acceptance, as the chain says."
            )


def check_passed(pack, submissions):
    """Who passed a decision on to whom by personal link is what the chain has the hash of, and nothing else."""
    acts = {}
    for entry in pack.said("milestone.passed_on"):
        facts = entry["said"]["facts"]
        if "passed_sha256" in facts and in_scope(pack, entry["said"]):
            acts.setdefault(facts["submission"], []).append(facts["passed_sha256"])
    for ref, hashes in acts.items():
        name = pack.needed("passed", ref, f"the record of who passed the decision on submission {ref} on")
        shown = submissions.get(ref)
        if name is None or shown is None:
            continue
        pack.expect(f"{place_of(shown['milestone'])}/submission-{shown['cycle']:02d}.passed.json", "passed", ref)
        told = pack.json(name)
        compare_bytes(pack, name, told)
        if [sha256(canonical(one)) for one in told] != hashes:
            pack.wrong(f"CHANGED: {name} does not tell what the chain says of who passed the decision on")
            continue
        for one in told:
            by, to = one["by"], one["to"]
            pack.holds.append(
                f"“{shown['milestone']['title']}”, cycle {shown['cycle']}: {by['name']} ({by['email']}) passed the"
                f" decision on to {to['name']} ({to['email']}) at {one['passed_at']}, by personal link."
            )


def chained_step(pack, entry):
    """One entry of the chain as the words by which it is compared."""
    said, facts, who = entry["said"], entry["said"]["facts"], pack.who(entry)
    verb, at = said["verb"], said["at"]
    if verb == "question.asked":
        return [canonical([verb, facts["question_ref"], at, who["email"], facts["stops_clock"], facts["text_sha256"]])]
    if verb == "question.answered":
        due = facts["review_due_at"] if facts["stops_clock"] else None
        return [canonical([verb, facts["question_ref"], at, who["name"], due, facts["text_sha256"]])]
    if verb == "milestone.inspected":
        hashes = facts["verdicts_sha256"], facts["comment_sha256"], facts["sha256"]
        return [canonical([verb, at, who["email"], facts["is_passed"], *hashes])]
    told = [facts[part] for part in ("accepted", "statement", "comment", "proved_by", "proved_at", "sha256")]
    more = facts.get("quantity"), facts.get("reservations_sha256"), who.get("facts") or None
    return [canonical([verb, at, who["email"], *told, *more])]


def told_steps(told):
    """The same of a file's record."""
    for one in told["questions"]:
        asked = ["question.asked", one["ref"], one["asked_at"], one["email"], one["stops_clock"], sha256(one["text"])]
        yield canonical(asked)
        if one["answered_at"]:
            answered = [one["ref"], one["answered_at"], one["answered_by"], one["due_after"], sha256(one["answer"])]
            yield canonical(["question.answered", *answered])
    for one in told["inspections"]:
        hashes = sha256(canonical(one["verdicts"])), sha256(one["comment"]), one["sha256"]
        yield canonical(["milestone.inspected", one["inspected_at"], one["email"], one["is_passed"], *hashes])
    first = told["first_acceptance"]
    if first:
        parts = [first[part] for part in ("amount", "statement", "comment", "proved_by", "proved_at", "sha256")]
        who = first["accepted_at"], first["email"]
        listed = sha256(canonical(first["reservations"])) if "reservations" in first else None
        more = first.get("quantity"), listed, first.get("circumstances")
        yield canonical(["milestone.first_accepted", *who, *parts, *more])


def expected_decision(pack, entry, told):
    """The record of a decision as the chain tells it; what earlier versions of Cairn did not tell is taken as it is."""
    said, facts, who = entry["said"], entry["said"]["facts"], pack.who(entry)
    later = ("organisation", "statement_version", "proved_by", "proved_at")
    return {
        **{part: who[part] for part in PERSON},
        **{part: told[part] if is_older(entry) else facts[part] for part in later},
        "submission": facts["submission"],
        "outcome": OUTCOMES.get(said["verb"], said["verb"].partition(".")[2]),
        "decided_at": said["at"],
        "comment": facts["comment"],
        "statement": facts["statement"],
        "statement_sha256": sha256(facts["statement"]),
        "sha256": facts["sha256"],
        "verdicts": told["verdicts"],
        **{part: facts[part] for part in ("accepted_for_interest_at", "wanted_by") if part in facts},
        **({"circumstances": who["facts"]} if who.get("facts") else {}),
    }


ISSUED = ("invoice.issued", *RELEASES, "late_payment.claimed")
"""What issues a document that asks for money: an invoice, a statement of retention, a claim for late payment."""


def check_invoices(pack):
    """Each invoice's content is the one that the chain says was issued; so are the bytes of its document."""
    documents = {ref_of(entry): entry["said"]["facts"] for entry in pack.said("document.made")}
    count = 0
    for entry in pack.said(*ISSUED):
        said, facts, ref = entry["said"], entry["said"]["facts"], ref_of(entry)
        if not in_scope(pack, said):
            continue
        count += 1
        base = f"invoices/{facts['number'].replace('/', '_')}"
        name = pack.needed("invoice", ref, f"invoice {facts['number']}, of which the chain speaks,")
        pack.expect(f"{base}.json", "invoice", ref)
        if name is not None and facts["snapshot_sha256"] != sha256(pack.bytes(name)):
            pack.wrong(f"CHANGED: {name} is not the invoice that the chain says was issued")
        made = documents.get(ref)
        if made is not None:
            check_bytes(pack, "invoice_pdf", ref, f"{base}.pdf", made["sha256"])
            if made["xml_sha256"]:
                check_bytes(pack, "invoice_xml", ref, f"{base}.xml", made["xml_sha256"])
        elif pack.is_missing("document", f"invoice:{ref}"):
            pack.known.add(("missing", "document", f"invoice:{ref}"))
        elif is_older(entry):
            # Made by an earlier version of Cairn, which did not write that down: the hash is in the manifest alone.
            pack.expect(f"{base}.pdf", "invoice_pdf", ref)
            pack.expect(f"{base}.xml", "invoice_xml", ref)
        else:
            pack.wrong(f"REMOVED: nothing is said of the document of invoice {facts['number']}")
    if count:
        pack.holds.append(f"{count} invoice(s) say what the chain says was issued, and so do their documents.")


CORRECTIONS = {"credit_note": "credit note", "corrected_invoice": "corrected invoice"}
"""What corrects an invoice, by the name that the chain has for it."""


def check_corrections(pack, kind, called):
    """The same for what corrects invoices, which the chain tells beside the invoice that it corrects."""
    told = (entry["said"]["facts"] for entry in pack.said(f"{kind}.made"))
    documents = {facts[kind]: facts for facts in told}
    count = 0
    for entry in pack.said(f"{kind}.issued"):
        said, facts = entry["said"], entry["said"]["facts"]
        ref = facts[kind]
        if not in_scope(pack, said):
            continue
        count += 1
        base = f"invoices/{facts['number'].replace('/', '_')}"
        name = pack.needed(kind, ref, f"{called} {facts['number']}, of which the chain speaks,")
        pack.expect(f"{base}.json", kind, ref)
        if name is not None and facts["snapshot_sha256"] != sha256(pack.bytes(name)):
            pack.wrong(f"CHANGED: {name} is not the {called} that the chain says was issued")
        made = documents.get(ref)
        if made is not None:
            check_bytes(pack, f"{kind}_pdf", ref, f"{base}.pdf", made["sha256"])
            if made["xml_sha256"]:
                check_bytes(pack, f"{kind}_xml", ref, f"{base}.xml", made["xml_sha256"])
        elif pack.is_missing("document", f"{kind}:{ref}"):
            pack.known.add(("missing", "document", f"{kind}:{ref}"))
        else:
            pack.wrong(f"REMOVED: nothing is said of the document of {called} {facts['number']}")
    if count:
        pack.holds.append(f"{count} {called}(s) say what the chain says was issued, and so do their documents.")


def check_bytes(pack, kind, ref, expected, digest):
    """A file has the hash that the chain says."""
    name = pack.needed(kind, ref, f"{expected}, of which the chain speaks,")
    pack.expect(expected, kind, ref)
    if name is not None and pack.hash_of(name)[0] != digest:
        pack.wrong(f"CHANGED: {name} does not have the hash that the chain says")


def check_certificates(pack, submissions):
    """Certificate and its content have the hashes in the chain; the entries that it names are where it says."""
    by_position = {entry["position"]: entry["sha256"] for entry in pack.entries}
    certified = set()
    for entry in pack.said("certificate.made"):
        said, facts, ref = entry["said"], entry["said"]["facts"], ref_of(entry)
        if not in_scope(pack, said) and not (is_older_certificate(said) and pack.file("certificate", ref)):
            continue
        name = pack.needed("certificate_text", ref, f"the content of certificate {ref}, of which the chain speaks,")
        pdf = pack.needed("certificate", ref, f"certificate {ref}, of which the chain speaks,")
        if name is None or pdf is None:
            continue
        text = pack.bytes(name)
        if (sha256(text), pack.hash_of(pdf)[0]) != (facts["snapshot_sha256"], facts["sha256"]):
            pack.wrong(f"CHANGED: {name} or its PDF is not the certificate that the chain says was made")
            continue
        told = json.loads(text)
        certified.add(told["submission"]["ref"])
        place = place_of(told["milestone"])
        pack.expect(f"{place}/certificate.pdf", "certificate", ref)
        pack.expect(f"{place}/certificate.json", "certificate_text", ref)
        for where in ("entry", "head"):
            named = told["audit"][where]
            if by_position.get(named["position"]) != named["sha256"]:
                pack.wrong(f"CHAIN: entry {named['position']} is not the one that the certificate {name} names")
    for entry in pack.said(*ACCEPTANCES, LAPSES[0]):
        ref = entry["said"]["facts"]["submission"]
        if not in_scope(pack, entry["said"]) or ref in certified or ref not in submissions:
            continue
        if entry["said"]["verb"] in LAPSES and "lapse_sha256" not in entry["said"]["facts"]:
            continue
        if pack.is_missing("certificate", entry["said"]["subject"]):
            pack.known.add(("missing", "certificate", entry["said"]["subject"]))
        else:
            pack.wrong(f"REMOVED: the certificate of the acceptance of submission {ref} is not there")
    if certified:
        pack.holds.append(f"{len(certified)} certificate(s) of acceptance have the hash that the chain says.")


def is_older_certificate(said):
    """Whether the chain does not tell of which milestone a certificate is, as in earlier versions of Cairn."""
    return "milestone" not in said["facts"]


def check_known(pack):
    """Nothing is listed but what the chain, or what it speaks of, knows by this name, kind and reference."""
    pack.expect("README.txt", "readme")
    pack.expect("verify_pack.py", "verifier")
    for file in pack.manifest["files"]:
        if (file["name"], file["kind"], file.get("ref", "")) not in pack.known:
            pack.wrong(f"ADDED: the chain knows of nothing like {file['name']}, {file['kind']}, in {MANIFEST}")
        if not set(file) <= {"name", "kind", "ref", "size", "sha256"} or file.get("ref") == "":
            pack.wrong(f"CHANGED: {MANIFEST} says more of {file['name']} than it should")
    for one in pack.manifest["missing"]:
        if set(one) != {"kind", "of"} or ("missing", one["kind"], one["of"]) not in pack.known:
            pack.wrong(f"ADDED: {MANIFEST} says that {one} was still being made; the chain knows better")


def in_scope(pack, said):
    """Whether an entry is about what this pack is about: the whole contract, or one milestone."""
    only = pack.manifest.get("milestone")
    return not only or only in (said["facts"].get("milestone"), said["subject"].partition(":")[2])


# --- the answer ----------------------------------------------------------------------------------------------------

NOT_PROVEN = (
    "who sat at the keyboard: a decision shows that somebody with access to the mailbox agreed, not who that was;",
    "the times: they are those of Cairn's database clock, with no time stamp of a third party;",
    "that the chain was not written anew as a whole by whoever made this pack or passed it on: it has no seal. Only an"
    " entry that was noted elsewhere (on a printed certificate, in a mail) shows that; give it with --head;",
    "that this pack is of today: it tells what was recorded up to its last entry;",
    "README.txt and the copy of this program in the pack: whoever rewrites the manifest can change them;",
)

LINKED = "what stands, or stood, behind the links that submissions name: of them only title and address are recorded."

OLDER = (
    "verdicts, proofs and statements of signatures that an earlier version of Cairn recorded, and the documents of its"
    " invoices: these have their hash in the manifest, but none in the chain."
)

OLDER_DISPUTES = (
    "what files that an earlier version of Cairn took in a dispute were called, and until when was reviewed after it:"
    " the chain does not tell."
)


def verified(path, heads):
    """The pack at a path, after every check."""
    try:
        with zipfile.ZipFile(path) as archive:
            pack = Pack(archive)
            try:
                check_files(pack)
                check_chain(pack)
                check_heads(pack, heads)
                check_details(pack)
                check_versions(pack)
                submissions = check_submissions(pack)
                check_steps(pack, submissions)
                check_passed(pack, submissions)
                check_decisions(pack, submissions)
                check_lapses(pack, submissions)
                check_comments(pack)
                check_defects(pack, submissions)
                check_disputes(pack, submissions)
                check_settlements(pack)
                check_endings(pack)
                check_events(pack)
                check_invoices(pack)
                for kind, called in CORRECTIONS.items():
                    check_corrections(pack, kind, called)
                check_certificates(pack, submissions)
                check_known(pack)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
                pack.wrong(f"CHANGED: a record does not have the form of a {FORMAT} ({error!r})")
            return pack
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise NotAPackError(str(error)) from error


def told(pack):
    """The answer in words, line by line."""
    contract = pack.manifest.get("contract")
    contract = contract if isinstance(contract, dict) else {}
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
        yield from (f"  {still_made(pack, one)}: it was still being made" for one in pack.manifest["missing"])
    yield ""
    yield "Not proven by this pack:"
    yield from (f"  {line}" for line in NOT_PROVEN)
    if pack.manifest.get("links"):
        yield f"  {LINKED}"
    if any(is_older(entry) for entry in pack.entries):
        yield f"  {OLDER}"
    if any(is_older_dispute(entry["said"]) for entry in pack.said("dispute.file_attached", *ENDS_OF_DISPUTES)):
        yield f"  {OLDER_DISPUTES}"


def still_made(pack, one):
    """What was still being made, in words."""
    kind, _colon, ref = one["of"].partition(":")
    if kind in CORRECTIONS:
        found = {entry["said"]["facts"][kind]: entry for entry in pack.said(f"{kind}.issued")}
        return f"the document of {CORRECTIONS[kind]} {found[ref]['said']['facts']['number']}"
    if kind == "invoice":
        numbers = {ref_of(entry): entry["said"]["facts"]["number"] for entry in pack.said("invoice.issued")}
        return f"the document of invoice {numbers[ref]}"
    if kind == "version":
        versions = {ref_of(entry): entry["said"]["facts"]["version"] for entry in pack.said(*SIGNED)}
        return f"the PDF of version {versions[ref]} of the contract"
    if kind == "event":
        events = {ref_of(entry): entry["said"]["facts"]["event"] for entry in pack.said("event.confirmed")}
        return f"the certificate of the event “{events[ref]}”"
    if kind == "settlement":
        return "the PDF of the settlement by which the contract ended"
    return f"the certificate of “{pack.titles[ref]}”"


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
