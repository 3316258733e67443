#include "cloud/store/store.hpp"

namespace evergrass::cloud {
namespace {

// Times are milliseconds since 1970. JSON columns hold objects in the API's spelling.
constexpr std::string_view first_release = R"sql(
CREATE TABLE settings(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE access_keys(
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, role TEXT NOT NULL DEFAULT 'admin',
    created_at INTEGER NOT NULL) WITHOUT ROWID;

-- Function packages, by content.
CREATE TABLE blobs(sha256 TEXT PRIMARY KEY, content BLOB NOT NULL);

CREATE TABLE things(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, type_name TEXT, attributes TEXT NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE certificates(
    id TEXT PRIMARY KEY, pem TEXT NOT NULL, status TEXT NOT NULL, mode TEXT NOT NULL DEFAULT 'DEFAULT',
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL, not_after INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE thing_certificates(
    thing TEXT NOT NULL, certificate_id TEXT NOT NULL, PRIMARY KEY(thing, certificate_id)) WITHOUT ROWID;
CREATE INDEX thing_certificates_by_certificate ON thing_certificates(certificate_id);
CREATE TABLE policies(
    name TEXT PRIMARY KEY, default_version INTEGER NOT NULL, last_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE policy_versions(
    policy TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY(policy, version)) WITHOUT ROWID;
-- target: a certificate's ARN, later also a thing group's.
CREATE TABLE policy_targets(
    policy TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY(policy, target)) WITHOUT ROWID;
CREATE INDEX policy_targets_by_target ON policy_targets(target);

-- configuration: Lambda's FunctionConfiguration members but name, ARN, version and code.
CREATE TABLE functions(
    name TEXT PRIMARY KEY, configuration TEXT NOT NULL, blob TEXT NOT NULL, code_size INTEGER NOT NULL,
    revision_id TEXT NOT NULL, last_version INTEGER NOT NULL DEFAULT 0, modified_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE function_versions(
    name TEXT NOT NULL, version INTEGER NOT NULL, configuration TEXT NOT NULL, blob TEXT NOT NULL,
    code_size INTEGER NOT NULL, revision_id TEXT NOT NULL, modified_at INTEGER NOT NULL,
    PRIMARY KEY(name, version)) WITHOUT ROWID;
CREATE TABLE function_aliases(
    name TEXT NOT NULL, alias TEXT NOT NULL, version TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
    revision_id TEXT NOT NULL, PRIMARY KEY(name, alias)) WITHOUT ROWID;

-- Greengrass. kind: connectors cores devices functions loggers resources subscriptions, and groups,
-- which are versioned alike. content: the version's members in the API's spelling.
CREATE TABLE definitions(
    kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT, latest_version TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE INDEX definitions_by_age ON definitions(kind, created_at, id);
CREATE TABLE definition_versions(
    kind TEXT NOT NULL, definition_id TEXT NOT NULL, version TEXT NOT NULL, ordinal INTEGER NOT NULL,
    content TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY(kind, definition_id, version)) WITHOUT ROWID;
CREATE TABLE tags(arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(arn, key)) WITHOUT ROWID;

-- sequence orders deployments; core_thing and signed_manifest are null when Building failed.
CREATE TABLE deployments(
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, group_id TEXT NOT NULL,
    type TEXT NOT NULL, group_arn TEXT NOT NULL, group_version TEXT, core_thing TEXT, status TEXT NOT NULL,
    error_message TEXT, error_details TEXT, signed_manifest TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE INDEX deployments_by_group ON deployments(group_id, sequence);
CREATE INDEX deployments_by_core ON deployments(core_thing, sequence);
-- Who is in the deployed version of which group: what discovery answers from.
CREATE TABLE group_members(
    group_id TEXT NOT NULL, thing TEXT NOT NULL, role TEXT NOT NULL, certificate_id TEXT NOT NULL,
    PRIMARY KEY(group_id, thing, role)) WITHOUT ROWID;
CREATE INDEX group_members_by_thing ON group_members(thing);
-- Packages that deployments of a core refer to: what it may fetch.
CREATE TABLE deployment_artifacts(
    core_thing TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY(core_thing, sha256)) WITHOUT ROWID;
CREATE TABLE group_settings(
    group_id TEXT PRIMARY KEY, certificate_expiry_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE group_authorities(
    id TEXT PRIMARY KEY, group_id TEXT NOT NULL, certificate_pem TEXT NOT NULL, key_pem TEXT NOT NULL,
    created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX group_authorities_by_group ON group_authorities(group_id, created_at);
CREATE TABLE connectivity(thing TEXT PRIMARY KEY, version TEXT NOT NULL, entries TEXT NOT NULL) WITHOUT ROWID;
-- scope: 'account' or a group's id.
CREATE TABLE roles(scope TEXT PRIMARY KEY, arn TEXT NOT NULL, associated_at INTEGER NOT NULL) WITHOUT ROWID;

-- X-Amzn-Client-Token: the same token with the same request gets the same answer.
CREATE TABLE client_tokens(
    operation TEXT NOT NULL, token TEXT NOT NULL, request_sha256 TEXT NOT NULL, status INTEGER NOT NULL,
    output TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY(operation, token)) WITHOUT ROWID;
)sql";

constexpr std::string_view objects_and_bulk_deployments = R"sql(
-- telemetry: On or Off, as UpdateThingRuntimeConfiguration has it.
CREATE TABLE thing_runtime_configurations(
    thing TEXT PRIMARY KEY, telemetry TEXT NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;

-- Objects; their bytes are files named by sha256. headers: what the answer repeats, JSON.
CREATE TABLE buckets(name TEXT PRIMARY KEY, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE objects(
    bucket TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    headers TEXT NOT NULL DEFAULT '{}', modified_at INTEGER NOT NULL, PRIMARY KEY(bucket, key)) WITHOUT ROWID;
CREATE INDEX objects_by_content ON objects(sha256);
-- Files that no object may have: about to be written, or no longer of use. Removed a while later.
CREATE TABLE object_leftovers(sha256 TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE bulk_deployments(
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
    input_uri TEXT NOT NULL, input_sha256 TEXT NOT NULL, role_arn TEXT NOT NULL,
    records_processed INTEGER NOT NULL DEFAULT 0, invalid_records INTEGER NOT NULL DEFAULT 0,
    retry_attempts INTEGER NOT NULL DEFAULT 0, error_message TEXT, error_details TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
-- A line of the input. started_at is null until its turn; deployment_id when none could be made.
CREATE TABLE bulk_deployment_records(
    bulk INTEGER NOT NULL, ordinal INTEGER NOT NULL, group_id TEXT NOT NULL, group_version TEXT NOT NULL,
    started_at INTEGER, deployment_id TEXT, error_message TEXT, error_details TEXT,
    PRIMARY KEY(bulk, ordinal)) WITHOUT ROWID;
)sql";

// name: '' for the classic shadow. document: libs/shadow/stored.hpp; null when it was deleted,
// which is kept for a while because its version goes on.
constexpr std::string_view shadows = R"sql(
CREATE TABLE shadows(
    thing TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, document TEXT,
    updated_at INTEGER NOT NULL, PRIMARY KEY(thing, name)) WITHOUT ROWID;
CREATE INDEX shadows_deleted ON shadows(updated_at) WHERE document IS NULL;
)sql";

// access_keys.secret and group_authorities.key_pem are empty once sealed holds them
// (docs/formats/master-key.md). role: admin, operator or read-only. expires_at: null, or when it
// stops to count; revoked_at: when it was revoked.
constexpr std::string_view sealed_secrets_and_audit = R"sql(
ALTER TABLE access_keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE access_keys ADD COLUMN sealed BLOB;
ALTER TABLE access_keys ADD COLUMN expires_at INTEGER;
ALTER TABLE access_keys ADD COLUMN revoked_at INTEGER;
ALTER TABLE group_authorities ADD COLUMN sealed BLOB;

-- A change that somebody asked for (docs/access.md). actor: an access key id, the ARN of a session, or
-- local:USER. target: the names in the request. code: the error's name, empty for success.
CREATE TABLE audit(
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL,
    request_id TEXT NOT NULL, operation TEXT NOT NULL, target TEXT NOT NULL, status INTEGER NOT NULL,
    code TEXT NOT NULL);
)sql";

// properties: thingGroupProperties of the API. parent: null for a root.
//
// A job's numbers of executions count each thing's newest one. definition: the members of CreateJob
// that are neither targets nor document. rollout_at: when the next things get it, null: none wait.
constexpr std::string_view thing_groups_and_jobs = R"sql(
CREATE TABLE thing_groups(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, parent TEXT, properties TEXT NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX thing_groups_by_parent ON thing_groups(parent);
CREATE TABLE thing_group_things(
    group_name TEXT NOT NULL, thing TEXT NOT NULL, PRIMARY KEY(group_name, thing)) WITHOUT ROWID;
CREATE INDEX thing_group_things_by_thing ON thing_group_things(thing);

CREATE TABLE jobs(
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, definition TEXT NOT NULL,
    document TEXT NOT NULL, status TEXT NOT NULL, comment TEXT, reason_code TEXT,
    force_canceled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, completed_at INTEGER,
    queued INTEGER NOT NULL DEFAULT 0, in_progress INTEGER NOT NULL DEFAULT 0,
    succeeded INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    timed_out INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0, canceled INTEGER NOT NULL DEFAULT 0,
    rollout_at INTEGER, minute_began INTEGER NOT NULL DEFAULT 0, in_minute INTEGER NOT NULL DEFAULT 0,
    notified INTEGER NOT NULL DEFAULT 0);
CREATE INDEX jobs_rolling ON jobs(rollout_at) WHERE rollout_at IS NOT NULL;
CREATE TABLE job_targets(
    job INTEGER NOT NULL, ordinal INTEGER NOT NULL, target TEXT NOT NULL,
    PRIMARY KEY(job, ordinal)) WITHOUT ROWID;
CREATE INDEX job_targets_by_target ON job_targets(target);
-- Things that are to get the job and have not had their turn.
CREATE TABLE job_rollouts(
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL, thing TEXT NOT NULL, UNIQUE(job, thing));
CREATE TABLE job_executions(
    job INTEGER NOT NULL, thing TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
    details TEXT NOT NULL DEFAULT '{}', version INTEGER NOT NULL, retry_attempt INTEGER NOT NULL DEFAULT 0,
    force_canceled INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL, started_at INTEGER,
    updated_at INTEGER NOT NULL, in_progress_until INTEGER, step_until INTEGER, times_out_at INTEGER,
    PRIMARY KEY(job, thing, number)) WITHOUT ROWID;
CREATE INDEX job_executions_by_thing ON job_executions(thing, job, number);
CREATE INDEX job_executions_pending ON job_executions(thing) WHERE status IN ('QUEUED', 'IN_PROGRESS');
CREATE INDEX job_executions_timed ON job_executions(times_out_at) WHERE times_out_at IS NOT NULL;
)sql";

// What groups refer to and tools use beside Greengrass (spec/cloud.md §4).
constexpr std::string_view services_around = R"sql(
-- Secrets. sealed: by the vault, for the ARN and the version. purge_at: when a deleted one goes for good.
CREATE TABLE secrets(
    arn TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, kms_key_id TEXT,
    created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, accessed_at INTEGER,
    deleted_at INTEGER, purge_at INTEGER) WITHOUT ROWID;
CREATE TABLE secret_versions(
    arn TEXT NOT NULL, id TEXT NOT NULL, sealed BLOB NOT NULL, is_binary INTEGER NOT NULL,
    created_at INTEGER NOT NULL, accessed_at INTEGER, PRIMARY KEY(arn, id)) WITHOUT ROWID;
CREATE TABLE secret_stages(
    arn TEXT NOT NULL, stage TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY(arn, stage)) WITHOUT ROWID;
-- Sealed for their core and kept in blobs, the newest few of each.
CREATE TABLE secret_bundles(
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, core_thing TEXT NOT NULL, sha256 TEXT NOT NULL);

-- Who may invoke a function: the policy's statements. qualifier: '' for the function itself.
CREATE TABLE function_policies(
    name TEXT NOT NULL, qualifier TEXT NOT NULL, statements TEXT NOT NULL, revision_id TEXT NOT NULL,
    PRIMARY KEY(name, qualifier)) WITHOUT ROWID;

-- Multipart uploads that have not ended; a part's bytes are a file named by sha256, as an object's.
CREATE TABLE uploads(
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL,
    started_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX uploads_by_key ON uploads(bucket, key, id);
CREATE TABLE upload_parts(
    upload TEXT NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    etag TEXT NOT NULL, modified_at INTEGER NOT NULL, PRIMARY KEY(upload, number)) WITHOUT ROWID;
CREATE INDEX upload_parts_by_content ON upload_parts(sha256);
CREATE INDEX deployment_artifacts_by_content ON deployment_artifacts(sha256);

-- Logs. retention_days: null for ever.
CREATE TABLE log_groups(
    name TEXT PRIMARY KEY, retention_days INTEGER, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE log_streams(
    id INTEGER PRIMARY KEY AUTOINCREMENT, log_group TEXT NOT NULL, name TEXT NOT NULL,
    created_at INTEGER NOT NULL, first_event_at INTEGER, last_event_at INTEGER,
    last_ingestion_at INTEGER, bytes INTEGER NOT NULL DEFAULT 0, sequence INTEGER NOT NULL DEFAULT 0,
    UNIQUE(log_group, name));
CREATE TABLE log_events(
    id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, at INTEGER NOT NULL,
    ingested_at INTEGER NOT NULL, message TEXT NOT NULL);
CREATE INDEX log_events_by_time ON log_events(stream, at, id);

-- IAM: kept and shown; what a role may do is not asked. document: JSON as it was given.
CREATE TABLE iam_roles(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, path TEXT NOT NULL, description TEXT, trust TEXT NOT NULL,
    max_session_seconds INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE iam_role_policies(
    role TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(role, name)) WITHOUT ROWID;
CREATE TABLE iam_policies(
    arn TEXT PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, description TEXT,
    default_version INTEGER NOT NULL, last_version INTEGER NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE iam_policy_versions(
    arn TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY(arn, version)) WITHOUT ROWID;
CREATE TABLE iam_attachments(
    role TEXT NOT NULL, policy_arn TEXT NOT NULL, PRIMARY KEY(role, policy_arn)) WITHOUT ROWID;
CREATE INDEX iam_attachments_by_policy ON iam_attachments(policy_arn);
)sql";

// The rest of the registry. Things had types by name alone: each name becomes a type.
constexpr std::string_view thing_types_and_cas = R"sql(
CREATE TABLE thing_types(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, properties TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL, deprecated_at INTEGER) WITHOUT ROWID;
CREATE INDEX things_by_type ON things(type_name);
INSERT INTO thing_types(name, id, created_at)
    SELECT type_name, lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||
        substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' ||
        hex(randomblob(6))), min(created_at)
    FROM things WHERE type_name IS NOT NULL GROUP BY type_name;

-- CAs of the fleet's owner. subject: SHA-256 of its DER; config: registrationConfig.
CREATE TABLE ca_certificates(
    id TEXT PRIMARY KEY, pem TEXT NOT NULL, subject TEXT NOT NULL, status TEXT NOT NULL, mode TEXT NOT NULL,
    auto_registration INTEGER NOT NULL, config TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL, not_after INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX ca_certificates_by_subject ON ca_certificates(subject);
-- ca: the CA of ca_certificates that it was registered by.
ALTER TABLE certificates ADD COLUMN ca TEXT;
CREATE INDEX certificates_by_ca ON certificates(ca) WHERE ca IS NOT NULL;
-- A transfer that was begun; rejected ones stay for DescribeCertificate until the next one.
CREATE TABLE certificate_transfers(
    certificate_id TEXT PRIMARY KEY, message TEXT, began_at INTEGER NOT NULL,
    reject_reason TEXT, rejected_at INTEGER, accepted_at INTEGER) WITHOUT ROWID;
)sql";

// What several services of one store share of device MQTT (docs/formats/bus.md). seen_at, left_at:
// milliseconds since 1970. position, since, low, epoch: places in the bus's stream.
constexpr std::string_view services_at_once = R"sql(
-- position: the sessions of this service without a `low` have all up to here.
CREATE TABLE nodes(
    id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
-- left_at, node: one of them is null; low: its client has all up to here; epoch: of its client's last coming.
CREATE TABLE mqtt_sessions(
    client_id TEXT PRIMARY KEY, version INTEGER NOT NULL, expiry INTEGER NOT NULL, left_at INTEGER,
    node TEXT, epoch INTEGER NOT NULL, low INTEGER) WITHOUT ROWID;
CREATE INDEX mqtt_sessions_by_node ON mqtt_sessions(node);
-- since: what was published up to here is not for it.
CREATE TABLE mqtt_subscriptions(
    client_id TEXT NOT NULL, filter TEXT NOT NULL, options INTEGER NOT NULL, identifier INTEGER NOT NULL,
    since INTEGER NOT NULL, PRIMARY KEY(client_id, filter)) WITHOUT ROWID;
-- message: as it was on the bus.
CREATE TABLE mqtt_retained(
    topic TEXT PRIMARY KEY, position INTEGER NOT NULL, message BLOB NOT NULL) WITHOUT ROWID;
)sql";

// Fleet provisioning (docs/iot.md). Times: milliseconds since 1970.
constexpr std::string_view fleet_provisioning = R"sql(
CREATE TABLE provisioning_templates(
    name TEXT PRIMARY KEY, description TEXT, role_arn TEXT NOT NULL, enabled INTEGER NOT NULL,
    type TEXT NOT NULL, default_version INTEGER NOT NULL, last_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE provisioning_template_versions(
    template TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL,
    PRIMARY KEY(template, version)) WITHOUT ROWID;
-- token: SHA-256 of a certificateOwnershipToken. used_for, answer: the template that took it, and what it said.
CREATE TABLE certificate_ownership(
    token TEXT PRIMARY KEY, certificate_id TEXT NOT NULL, expires_at INTEGER NOT NULL,
    used_for TEXT, answer TEXT) WITHOUT ROWID;
CREATE INDEX certificate_ownership_by_end ON certificate_ownership(expires_at);
-- Temporary certificates that may use one template; they are in no list.
CREATE TABLE provisioning_claims(
    certificate_id TEXT PRIMARY KEY, template TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
)sql";

// Invocations of cores that poll at another service than was asked. created_at: milliseconds since
// 1970.
constexpr std::string_view invocations_at_any_service = R"sql(
-- wanted: what is to run, empty once it was fetched; outcome: null until the core has told it.
CREATE TABLE core_invocations(
    id TEXT PRIMARY KEY, thing TEXT NOT NULL, created_at INTEGER NOT NULL, taken INTEGER NOT NULL,
    wanted TEXT NOT NULL, outcome TEXT) WITHOUT ROWID;
CREATE INDEX core_invocations_by_thing ON core_invocations(thing);
)sql";

// The wills of device MQTT, wherever their clients are connected. due: milliseconds since 1970.
constexpr std::string_view wills_of_all_services = R"sql(
-- epoch: the place in the bus's stream of its client's coming. node, due: one of them is null. delay:
-- seconds; lifetime: milliseconds, null: for ever. back: its client has come again.
CREATE TABLE mqtt_wills(
    client_id TEXT NOT NULL, epoch INTEGER NOT NULL, node TEXT, delay INTEGER NOT NULL,
    lifetime INTEGER, due INTEGER, back INTEGER NOT NULL, principal TEXT NOT NULL,
    message BLOB NOT NULL, PRIMARY KEY(client_id, epoch)) WITHOUT ROWID;
CREATE INDEX mqtt_wills_by_node ON mqtt_wills(node);
CREATE INDEX mqtt_wills_by_due ON mqtt_wills(due);
)sql";

// Whose polls a certificate's change ends is asked at each change, in a table with all groups.
constexpr std::string_view members_by_certificate = R"sql(
CREATE INDEX group_members_by_certificate ON group_members(certificate_id);
)sql";

// The bytes of objects where the store is PostgreSQL; with a file they are files, and these are
// empty.
constexpr std::string_view bytes_of_objects = R"sql(
-- sha256: null while it is written, and once nothing has it. size: of all its chunks; chunk_size: of each
-- but the last.
CREATE TABLE object_bodies(
    id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT UNIQUE, size INTEGER NOT NULL,
    chunk_size INTEGER NOT NULL);
CREATE TABLE object_chunks(
    body INTEGER NOT NULL REFERENCES object_bodies(id), number INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY(body, number)) WITHOUT ROWID;
)sql";

// Who is connected to which service, and what is under way to a client and in no stream.
constexpr std::string_view connections_of_all_services = R"sql(
-- The last connection of a client. epoch: as mqtt_wills has it; since, lost_at: milliseconds since 1970. node,
-- lost_at: one of them is null. principal, session: as lifecycle events name them.
CREATE TABLE mqtt_connections(
    client_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, node TEXT, since INTEGER NOT NULL, lost_at INTEGER,
    principal TEXT NOT NULL, session TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX mqtt_connections_by_node ON mqtt_connections(node);
CREATE INDEX mqtt_connections_by_loss ON mqtt_connections(lost_at);
-- retained: 1 until the client has acknowledged the retained message that subscribing gave it.
ALTER TABLE mqtt_subscriptions ADD COLUMN retained INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace

// How many there are is also what services that serve together have in common: a change of what
// they say on the bus (docs/formats/bus.md) comes with a migration, be it a comment.
const std::vector<std::string_view>& migrations() {
    static const std::vector<std::string_view> all = {first_release,
                                                      objects_and_bulk_deployments,
                                                      shadows,
                                                      sealed_secrets_and_audit,
                                                      thing_groups_and_jobs,
                                                      services_around,
                                                      thing_types_and_cas,
                                                      services_at_once,
                                                      fleet_provisioning,
                                                      invocations_at_any_service,
                                                      wills_of_all_services,
                                                      members_by_certificate,
                                                      bytes_of_objects,
                                                      connections_of_all_services};
    return all;
}

}  // namespace evergrass::cloud
