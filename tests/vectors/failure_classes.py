"""The failure classes that a validation must tell apart, and the vectors that show each: in a standard and in a backfill chain.

``expects``: the reasons, of which every vector of the class must want one. A class is listed with ``NONE`` where a chain cannot
have it, with the reason why. Where the reasons are those of something PROVEN, the vector shows that nothing is found, on purpose.
"""

from dataclasses import dataclass

_BAD_GZIP = "NOT_GZIP TRUNCATED CRC_MISMATCH CORRUPT"
_MISSING = "MISSING_LINKED UNLISTED"
_NAMES = {"BAD_FILENAME", "WRONG_ACCOUNT"}
NONE = ""


@dataclass(frozen=True)
class FailureClass:
    """One class. ``standard`` and ``backfill`` name vectors, or say after ``NONE`` why there is none."""

    name: str
    expects: str
    standard: str
    backfill: str
    why_none: str = ""


DIGEST_CLASSES = (
    FailureClass("OK", "OK BACKFILL", "clean", "backfill_chain"),
    FailureClass("EMPTY_OK", "EMPTY BACKFILL", "clean", "backfill_empty"),
    FailureClass("STARTING", "STARTING BACKFILL_STARTING", "clean logging_stopped_and_restarted", "backfill_chain"),
    FailureClass(
        "STARTING, unexplained",
        "CHAIN_RESTARTED LOGGING_GAP BACKFILL_STARTING",
        "signed_starting_digest_mid_chain logging_gap",
        "signed_backfill_starting_mid_chain",
    ),
    FailureClass("FINAL", "OK MISSING_TAIL", "final_digest final_digest_and_no_status", NONE, "no backfill digest ends a chain"),
    FailureClass("MISSING_LINKED", _MISSING, "digest_deleted_middle digest_deleted_oldest", "backfill_deleted_middle"),
    FailureClass("MISSING_TAIL", "MISSING_TAIL UNLISTED", "digest_deleted_newest", "backfill_deleted_newest"),
    FailureClass("MISSING_ALL", "MISSING_ALL UNLISTED", "digests_deleted_all", "backfill_deleted_all"),
    FailureClass(
        "MISSING_BY_CADENCE",
        "MISSING_BY_CADENCE UNLISTED",
        "digests_deleted_four_in_a_row",
        "backfill_deleted_two_in_a_row",
    ),
    FailureClass("PENDING_LATE", "NOT_YET_DUE AWAITING_DIGEST", "digest_newest_not_yet_due", "backfill_not_yet_there"),
    FailureClass("MOVED", "MOVED", "digest_overwritten_by_another", "backfill_overwritten_by_another"),
    FailureClass(
        "BAD_GZIP",
        _BAD_GZIP,
        "digest_not_gzip digest_truncated digest_crc_wrong",
        "backfill_not_gzip backfill_truncated backfill_crc_wrong",
    ),
    FailureClass(
        "TRAILING_DATA",
        "APPENDED_MEMBER TRAILING_DATA",
        "digest_appended_member digest_trailing_bytes",
        "backfill_appended_member backfill_trailing_bytes",
    ),
    FailureClass("BAD_JSON", "BAD_JSON", "digest_not_json digest_nested_deep", "backfill_not_json"),
    FailureClass("SCHEMA", "SCHEMA", "digest_without_logfiles digest_end_is_no_time", "backfill_without_logfiles"),
    FailureClass(
        "BAD_FILENAME",
        " ".join(sorted(_NAMES)),
        "signed_end_is_not_name signed_wrong_account",
        "signed_backfill_end_is_not_name signed_backfill_wrong_account",
    ),
    FailureClass(
        "METADATA_MISSING",
        "METADATA_MISSING SIGNED_BY_SUCCESSOR",
        "digest_metadata_missing digest_newest_metadata_missing",
        "backfill_metadata_missing backfill_newest_metadata_missing",
    ),
    FailureClass(
        "METADATA_DISAGREES_WITH_SUCCESSOR", "SIGNATURE_BAD", "digest_signature_bit_flipped", "backfill_signature_bit_flipped"
    ),
    FailureClass(
        "CONTENT_DISAGREES_WITH_SUCCESSOR",
        "HASH_DISAGREES_WITH_SUCCESSOR",
        "digest_metadata_missing_content_altered digest_resigned_with_foreign_fingerprint",
        "backfill_metadata_missing_content_altered",
    ),
    FailureClass(
        "KEY_NOT_FOUND",
        "KEY_NOT_FOUND",
        "keys_none key_expired digest_newest_resigned_with_foreign_fingerprint",
        "backfill_key_unknown",
    ),
    FailureClass("KEY_BAD", "KEY_BAD", "key_is_no_key", "backfill_key_under_wrong_fingerprint"),
    FailureClass("KEY_FINGERPRINT_MISMATCH", "KEY_BAD", "key_under_wrong_fingerprint", "backfill_key_under_wrong_fingerprint"),
    FailureClass("KEY_OUT_OF_VALIDITY", "KEY_OUT_OF_VALIDITY", "signed_before_key_is_valid", "backfill_key_not_yet_valid"),
    FailureClass("KEYS_DENIED", "KEYS_DENIED KEYS_UNAVAILABLE", "keys_denied keys_unavailable", "backfill_keys_denied"),
    FailureClass(
        "ALGORITHM_UNSUPPORTED",
        "ALGORITHM_UNSUPPORTED",
        "signed_algorithm_unsupported digest_metadata_algorithm_altered",
        "signed_backfill_algorithm_unsupported backfill_metadata_algorithm_altered",
    ),
    FailureClass(
        "SIGNATURE_BAD",
        "SIGNATURE_BAD",
        "digest_entry_removed digest_resigned_by_foreign_key",
        "backfill_entry_removed backfill_signature_bad",
    ),
    FailureClass(
        "CHAIN_HASH_MISMATCH", "CHAIN_HASH_MISMATCH", "signed_wrong_previous_hash", "signed_backfill_wrong_previous_hash"
    ),
    FailureClass(
        "CHAIN_HASH_ALGORITHM",
        "HASH_ALGORITHM_UNSUPPORTED",
        "signed_previous_hash_algorithm_unsupported",
        "signed_backfill_hash_algorithm_unsupported",
    ),
    FailureClass(
        "CHAIN_SIGNATURE_MISMATCH",
        "CHAIN_SIGNATURE_MISMATCH",
        "signed_wrong_previous_signature",
        "signed_backfill_wrong_previous_signature",
    ),
    FailureClass("TIME_GAP", "TIME_GAP BACKFILL", "signed_time_gap", "backfill_chain"),
    FailureClass("TIME_OVERLAP", "TIME_OVERLAP BACKFILL", "signed_time_overlap", "signed_backfill_windows_overlap"),
    FailureClass("FORK", "FORK", "signed_fork", "signed_backfill_fork"),
    FailureClass(
        "BUCKET_OR_PREFIX_CHANGED",
        "PREDECESSOR_ELSEWHERE BACKFILL",
        "bucket_changed_mid_range prefix_changed_mid_range signed_predecessor_elsewhere",
        "signed_backfill_predecessor_elsewhere",
    ),
    FailureClass(
        "OVERWRITTEN",
        "RECOVERED_OVERWRITTEN BYTES_DIFFER",
        "digest_overwritten_older_version_there digest_recompressed_older_version_there",
        "backfill_overwritten_older_version_there",
    ),
    FailureClass(
        "DELETE_MARKER",
        "RECOVERED_DELETED MISSING_LINKED",
        "digest_deleted_older_version_there digest_deleted_older_version_forged",
        "backfill_deleted_older_version_there",
    ),
    FailureClass("ARCHIVED_NEEDS_RESTORE", "COLD", "digest_cold", "backfill_cold"),
    FailureClass("ACCESS_DENIED", "DENIED UNAVAILABLE REFUSED", "digest_denied digest_unavailable", "backfill_denied"),
    FailureClass(
        "BACKFILL_NO_TIMESTAMP",
        "BACKFILL_NO_TIMESTAMP",
        NONE,
        "backfill_without_timestamp backfill_timestamp_impossible",
        "only backfill digests carry one",
    ),
    FailureClass("TOO_LARGE", "TOO_LARGE", "digest_bomb", "backfill_bomb"),
    FailureClass("PLANTED", "MOVED FOREIGN_OBJECT", "digest_planted_between digest_renamed", "backfill_overwritten_by_another"),
)

# Logs: ``standard`` are listed by an hour's digest, ``backfill`` by a backfill digest.
LOG_CLASSES = (
    FailureClass("OK", "OK BACKFILL BACKFILL_STARTING", "clean", "backfill_chain"),
    FailureClass("MISSING", "MISSING", "log_deleted", "backfill_log_deleted"),
    FailureClass("HASH_MISMATCH", "HASH_MISMATCH", "log_content_changed logs_swapped", "backfill_log_content_changed"),
    FailureClass("BAD_GZIP", _BAD_GZIP, "log_not_gzip", "backfill_log_not_gzip"),
    FailureClass(
        "CRC/LENGTH_BAD",
        _BAD_GZIP,
        "log_crc_wrong log_without_gzip_trailer",
        "backfill_log_crc_wrong backfill_log_without_gzip_trailer",
    ),
    FailureClass(
        "TRAILING_DATA",
        "APPENDED_MEMBER TRAILING_DATA",
        "log_appended_member log_trailing_bytes",
        "backfill_log_appended_member backfill_log_trailing_bytes",
    ),
    FailureClass("ARCHIVED", "COLD", "log_cold", "backfill_log_cold"),
    FailureClass("DENIED", "DENIED REFUSED", "log_denied log_refused logs_listing_denied", "backfill_log_denied"),
    FailureClass("LISTED_TWICE", "LISTED_TWICE", "signed_log_listed_twice", "signed_backfill_log_listed_twice"),
    FailureClass("OUTSIDE_SCOPE", "OUTSIDE_SCOPE", "signed_log_elsewhere", "signed_backfill_log_elsewhere"),
    FailureClass(
        "BAD_JSON, hash fine", "OK", "log_without_records_hash_fine", NONE, "the converter's matter, whoever lists the log"
    ),
    FailureClass(
        "EVENT_TIMES_DISAGREE", "OK", "signed_event_times_disagree", NONE, "not judged: the times are no part of the proof"
    ),
    FailureClass(
        "UNLISTED",
        "UNLISTED AWAITING_DIGEST",
        "log_planted log_planted_in_empty_hour log_unlisted_in_grace",
        "backfill_deleted_newest",
    ),
    FailureClass(
        "OVERWRITTEN",
        "RECOVERED_OVERWRITTEN BYTES_DIFFER",
        "log_overwritten_older_version_there log_recompressed_older_version_there",
        "backfill_log_overwritten_older_version_there",
    ),
    FailureClass(
        "DELETE_MARKER",
        "RECOVERED_DELETED MISSING",
        "log_deleted_older_version_there log_deleted_older_version_altered",
        "backfill_log_deleted_older_version_there",
    ),
    FailureClass("TOO_LARGE", "TOO_LARGE", "log_bomb", NONE, "the limit does not look at who lists the log"),
)
