#include "cloud/adoption/adoption.hpp"
#include "cloud/greengrass/families.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/iot/policy_versions.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/pki.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace evergrass::cloud::adoption {
namespace {

api_error bad_request(std::string message) {
    return {400, "BadRequestException", std::move(message)};
}

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// One request while it is carried out inside of its transaction. The first fault, of the request or
// of the store, is kept and nothing is written after it: all that was is rolled back.
class adoption_run {
public:
    // `authority_key`: for the group's CA, should it have none.
    adoption_run(adoption_services& in, const json::object& asked, const std::string& authority_key)
        : in_(in),
          asked_(asked),
          authority_key_(authority_key),
          now_(to_epoch_milliseconds(in.time.now())) {}

    api_result run() {
        check_place();
        each("things", [this](const auto& one) { add_thing(one); });
        each("certificates", [this](const auto& one) { add_certificate(one); });
        each("policies", [this](const auto& one) { add_policy(one); });
        each("functions", [this](const auto& one) { add_function(one); });
        each("secrets", [this](const auto& one) { add_secret(one); });
        each("definitions", [this](const auto& one) { add_definition(one); });
        add_group();
        add_deployment();
        if (fault_) {
            return *fault_;
        }
        if (!conflicts_.empty()) {
            return api_error{409,
                             "ConflictException",
                             "Nothing was changed; at the service already, and different: " +
                                 listed_conflicts() + ".",
                             {{"conflicts", std::move(conflicts_)}}};
        }
        in_.state.audit().add_to_target("GroupId=" + group_id_);
        return reply{{{"made", made_}, {"same", same_}, {"groupId", group_id_}},
                     made_ > 0 ? 201 : 200};
    }

private:
    void stop(api_error why) {
        if (!fault_) {
            fault_ = std::move(why);
        }
    }
    void refuse(std::string message) { stop(bad_request(std::move(message))); }
    void must(const std::optional<api_error>& fault) {
        if (fault) {
            stop(*fault);
        }
    }

    std::string text(const json::object& in, std::string_view member) {
        auto found = string_member(in, member);
        if (!found || found->empty()) {
            refuse("'" + std::string(member) + "' is missing in " +
                   json::serialize(in).substr(0, 200));
            return {};
        }
        return *found;
    }
    const json::object& object(const json::object& in, std::string_view member) {
        const auto* found = object_member(in, member);
        if (found == nullptr) {
            refuse("'" + std::string(member) + "' is missing");
            return nothing_;
        }
        return *found;
    }
    std::vector<std::string> texts(const json::object& in, std::string_view member) {
        std::vector<std::string> out;
        if (const auto* all = array_member(in, member)) {
            for (const auto& one : *all) {
                if (!one.is_string()) {
                    refuse("'" + std::string(member) + "' is no list of texts");
                    return {};
                }
                out.emplace_back(one.get_string());
            }
        }
        return out;
    }
    void each(std::string_view list, const std::function<void(const json::object&)>& work) {
        if (const auto* all = array_member(asked_, list)) {
            for (const auto& one : *all) {
                if (!one.is_object()) {
                    refuse("'" + std::string(list) + "' has an element that is no object");
                    return;
                }
                work(one.get_object());
            }
        }
    }

    void write(std::string_view name, std::string_view sql, const std::vector<db::value>& bound) {
        if (fault_) {
            return;
        }
        if (auto done = in_.state.db().run(name, sql, bound); !done) {
            stop(internal_error(done.error()));
        }
    }
    // The columns of the only row, as text; nullopt: there is none.
    std::optional<std::vector<std::string>> find(std::string_view name, std::string_view sql,
                                                 const std::vector<db::value>& bound, int columns) {
        std::optional<std::vector<std::string>> found;
        const auto read = in_.state.db().query(name, sql, bound, [&](const db::row& row) {
            found.emplace();
            for (int i = 0; i < columns; ++i) {
                found->push_back(row.text(i));
            }
        });
        if (!read) {
            stop(internal_error(read.error()));
        }
        return found;
    }
    void conflict(std::string_view what, std::string_view id, std::string_view why) {
        conflicts_.push_back(json::object{{"what", what}, {"id", id}, {"why", why}});
    }

    // In one line, for clients that show the message alone; the first few.
    std::string listed_conflicts() const {
        constexpr std::size_t most = 20;
        std::string out;
        for (std::size_t i = 0; i < conflicts_.size() && i < most; ++i) {
            const auto& one = conflicts_[i].get_object();
            out += (i > 0 ? "; " : "") + string_member(one, "what").value_or("") + " " +
                   string_member(one, "id").value_or("") + " (" +
                   string_member(one, "why").value_or("") + ")";
        }
        return conflicts_.size() > most ? out + "; and more" : out;
    }

    static json::value parsed(const std::string& stored) {
        auto value = parse_json(stored);
        return value ? std::move(*value) : json::value();
    }

    // ARNs hold account and region: a service of another account could never serve these devices.
    void check_place() {
        if (int_member(asked_, "format") != 1) {
            refuse("'format' must be 1: this service takes no other form of adoptions");
        }
        const auto& here = in_.identity;
        const auto account = text(asked_, "account");
        const auto region = text(asked_, "region");
        const auto partition = text(asked_, "partition");
        if (account != here.account || region != here.region || partition != here.partition) {
            stop({409, "ConflictException",
                  "The core is of account " + account + " in " + region + " (" + partition +
                      "), and this service is account " + here.account + " in " + here.region +
                      " (" + here.partition + "): start evergrass-cloud with --account " + account +
                      " --region " + region + " on a data folder of its own."});
        }
    }

    void add_thing(const json::object& one) {
        const auto name = text(one, "name");
        if (find("adoption.thing", "SELECT name FROM things WHERE name = ?1", {name}, 1)) {
            ++same_;  // in another group too, or made before; its attributes are its own affair
            return;
        }
        write("adoption.add_thing",
              "INSERT INTO things(name, id, attributes, created_at) VALUES(?1, ?2, '{}', ?3)",
              {name, uuid_v4(), now_});
        ++made_;
    }

    void add_certificate(const json::object& one) {
        const auto id = text(one, "id");
        if (!is_hex(id, 64)) {
            refuse("'" + id + "' is no certificate's id");
            return;
        }
        const auto pem = string_member(one, "pem").value_or("");
        std::int64_t not_before = 0;
        std::int64_t not_after = 0;
        if (!pem.empty()) {
            const auto info = pki::read_certificate(pem);
            if (!info || info->id != id) {
                refuse("the text of certificate " + id + " is of another certificate, or of none");
                return;
            }
            not_before = to_epoch_milliseconds(info->not_before);
            not_after = to_epoch_milliseconds(info->not_after);
        }
        const auto there = find("adoption.certificate",
                                "SELECT pem, status FROM certificates WHERE id = ?1", {id}, 2);
        if (!there) {
            write("adoption.add_certificate",
                  "INSERT INTO certificates(id, pem, status, mode, created_at, updated_at,"
                  " not_before, not_after) VALUES(?1, ?2, 'ACTIVE', 'SNI_ONLY', ?3, ?3, ?4, ?5)",
                  {id, pem, now_, not_before, not_after});
            ++made_;
        } else if ((*there)[1] != "ACTIVE") {
            conflict("certificate", id, "it is " + (*there)[1] + " here");
        } else if ((*there)[0].empty() && !pem.empty()) {
            write("adoption.fill_certificate",
                  "UPDATE certificates SET pem = ?2, not_before = ?3, not_after = ?4 WHERE id = ?1",
                  {id, pem, not_before, not_after});
            ++made_;
        } else {
            ++same_;
        }
        for (const auto& thing : texts(one, "things")) {
            write("adoption.attach",
                  "INSERT OR IGNORE INTO thing_certificates(thing, certificate_id) VALUES(?1, ?2)",
                  {thing, id});
        }
    }

    void add_policy(const json::object& one) {
        const auto name = text(one, "name");
        const auto document = text(one, "document");
        must(iot::check_policy_document(document));
        const auto there = find("adoption.policy",
                                "SELECT v.document FROM policies p JOIN policy_versions v"
                                " ON v.policy = p.name AND v.version = p.default_version"
                                " WHERE p.name = ?1",
                                {name}, 1);
        if (!there) {
            write(
                "adoption.add_policy",
                "INSERT INTO policies(name, default_version, last_version, created_at, updated_at)"
                " VALUES(?1, 1, 1, ?2, ?2)",
                {name, now_});
            write("adoption.add_policy_version",
                  "INSERT INTO policy_versions(policy, version, document, created_at)"
                  " VALUES(?1, 1, ?2, ?3)",
                  {name, document, now_});
            ++made_;
        } else {
            ++same_;  // narrowed meanwhile by its owner, perhaps: theirs counts
        }
        for (const auto& id : texts(one, "certificates")) {
            const auto arn = in_.identity.iot_arn("cert/" + id);
            // A certificate that has policies already needs no wide one.
            write("adoption.attach_policy",
                  "INSERT OR IGNORE INTO policy_targets(policy, target) SELECT ?1, ?2"
                  " WHERE NOT EXISTS (SELECT 1 FROM policy_targets WHERE target = ?2)",
                  {name, arn});
        }
    }

    void add_function(const json::object& one) {
        const auto name = text(one, "name");
        const auto version = int_member(one, "version").value_or(0);
        auto configuration = object(one, "configuration");
        if (version < 1) {
            refuse("function " + name + " has no version number");
            return;
        }
        const auto package = string_member(one, "package").value_or("");
        if (package.empty()) {
            return;  // its code is lost: the group names it, and a deployment says what is missing
        }
        const auto size = find("adoption.package",
                               "SELECT length(content) FROM blobs WHERE sha256 = ?1", {package}, 1);
        if (!is_hex(package, 64) || !size) {
            refuse("package " + package + " of function " + name +
                   " is not here: send it before the adoption");
            return;
        }
        const auto digest = hex_decode(package);
        configuration["CodeSha256"] = base64_encode(*digest);
        const auto bytes = static_cast<std::int64_t>(std::stoll((*size)[0]));
        const auto there = find("adoption.version",
                                "SELECT configuration, blob FROM function_versions"
                                " WHERE name = ?1 AND version = ?2",
                                {name, version}, 2);
        if (there) {
            if ((*there)[1] != package || parsed((*there)[0]) != configuration) {
                conflict("function", name + ":" + std::to_string(version),
                         "its code or configuration differs");
            } else {
                ++same_;
            }
            return;
        }
        const auto latest = find("adoption.function",
                                 "SELECT last_version FROM functions WHERE name = ?1", {name}, 1);
        const auto stored = json::serialize(configuration);
        if (!latest) {
            write("adoption.add_function",
                  "INSERT INTO functions(name, configuration, blob, code_size, revision_id,"
                  " last_version, modified_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                  {name, stored, package, bytes, uuid_v4(), version, now_});
        } else if (std::stoll((*latest)[0]) < version) {
            write("adoption.raise_function",
                  "UPDATE functions SET configuration = ?2, blob = ?3, code_size = ?4,"
                  " revision_id = ?5, last_version = ?6, modified_at = ?7 WHERE name = ?1",
                  {name, stored, package, bytes, uuid_v4(), version, now_});
        }
        write("adoption.add_version",
              "INSERT INTO function_versions(name, version, configuration, blob, code_size,"
              " revision_id, modified_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
              {name, version, stored, package, bytes, uuid_v4(), now_});
        ++made_;
    }

    void add_secret(const json::object& one) {
        const auto arn = text(one, "arn");
        const auto name = text(one, "name");
        const auto bytes = base64_decode(text(one, "value"));
        if (!bytes || bytes->size() > 65'536) {
            refuse("the value of secret " + name + " is no base64 of at most 65536 bytes");
            return;
        }
        const auto there = secrets::find_secret(in_.secrets, name);
        if (!there) {
            stop(there.error());
            return;
        }
        if (*there) {
            if ((*there)->arn != arn) {
                conflict("secret", name, "it is here with another ARN: " + (*there)->arn);
            } else {
                ++same_;  // its value is newer than anything that is given again
            }
            return;
        }
        secrets::secret_record made;
        made.arn = arn;
        made.name = name;
        made.created_at = now_;
        made.changed_at = now_;
        write("adoption.add_secret",
              "INSERT INTO secrets(arn, name, created_at, changed_at) VALUES(?1, ?2, ?3, ?3)",
              {arn, name, now_});
        const secrets::secret_value value{!is_utf8(*bytes), *bytes};
        if (auto put = secrets::put_version(in_.secrets, made, uuid_v4(), value,
                                            {std::string(secrets::current)});
            !put) {
            stop(put.error());
            return;
        }
        ++made_;
    }

    static const greengrass::definition_family* family(std::string_view kind) {
        for (const auto& one : greengrass::definition_families()) {
            if (one.kind == kind) {
                return &one;
            }
        }
        return nullptr;
    }

    // A definition or a group with one version. An id that is there with another content of that
    // version is a conflict; another version beside it is how a group goes on.
    void add_versioned(std::string_view kind, const json::object& one) {
        const auto id = text(one, "id");
        const auto version = text(one, "version");
        const auto name = text(one, "name");
        const auto& content = object(one, "content");
        const auto there = find("adoption.definition_version",
                                "SELECT content FROM definition_versions WHERE kind = ?1"
                                " AND definition_id = ?2 AND version = ?3",
                                {std::string(kind), id, version}, 1);
        if (there) {
            if (parsed((*there)[0]) != content) {
                conflict(kind, id, "version " + version + " differs");
            } else {
                ++same_;
            }
            return;
        }
        if (find("adoption.definition", "SELECT id FROM definitions WHERE kind = ?1 AND id = ?2",
                 {std::string(kind), id}, 1)) {
            conflict(kind, id, "it is here, without version " + version);
            return;
        }
        write("adoption.add_definition",
              "INSERT INTO definitions(kind, id, name, latest_version, created_at, updated_at)"
              " VALUES(?1, ?2, ?3, ?4, ?5, ?5)",
              {std::string(kind), id, name, version, now_});
        write("adoption.add_definition_version",
              "INSERT INTO definition_versions(kind, definition_id, version, ordinal, content,"
              " created_at) VALUES(?1, ?2, ?3, 1, ?4, ?5)",
              {std::string(kind), id, version, json::serialize(content), now_});
        ++made_;
    }

    void add_definition(const json::object& one) {
        const auto kind = text(one, "kind");
        const auto* known = family(kind);
        if (known == nullptr) {
            refuse("'" + kind + "' is no kind of definition");
            return;
        }
        if (known->check != nullptr) {
            must(known->check(object(one, "content")));
        }
        add_versioned(kind, one);
    }

    void add_group() {
        const auto& group = object(asked_, "group");
        group_id_ = text(group, "id");
        group_version_ = text(group, "version");
        add_versioned(greengrass::group_family().kind, group);
        if (fault_) {
            return;
        }
        const auto authorities = greengrass::authorities_of(in_.state, group_id_);
        if (!authorities) {
            stop(internal_error(authorities.error()));
        } else if (authorities->empty()) {
            if (authority_key_.empty()) {
                stop({409, "ConflictException", "The group's CA was deleted meanwhile: again."});
                return;
            }
            if (auto made =
                    greengrass::insert_group_authority(in_.greengrass, group_id_, authority_key_);
                !made) {
                stop(internal_error(made.error()));
            }
            ++made_;
        }
    }

    // That it was: it has no manifest, which only a deployment of this service has.
    void add_deployment() {
        const auto* record = object_member(asked_, "deployment");
        if (record == nullptr) {
            return;
        }
        const auto id = text(*record, "id");
        if (const auto there = find("adoption.deployment",
                                    "SELECT group_id FROM deployments WHERE id = ?1", {id}, 1)) {
            if ((*there)[0] != group_id_) {
                conflict("deployment", id, "it is of group " + (*there)[0]);
            } else {
                ++same_;
            }
            return;
        }
        write("adoption.add_deployment",
              "INSERT INTO deployments(id, group_id, type, group_arn, group_version, core_thing,"
              " status, created_at, updated_at)"
              " VALUES(?1, ?2, 'NewDeployment', ?3, ?4, ?5, 'Success', ?6, ?6)",
              {id, group_id_,
               in_.identity.greengrass_arn("/greengrass/groups/" + group_id_ + "/versions/" +
                                           group_version_),
               group_version_, text(*record, "core"), now_});
        ++made_;
    }

    adoption_services& in_;
    const json::object& asked_;
    const std::string& authority_key_;
    std::int64_t now_;
    std::int64_t made_ = 0;
    std::int64_t same_ = 0;
    std::string group_id_;
    std::string group_version_;
    json::array conflicts_;
    std::optional<api_error> fault_;
    const json::object nothing_;
};

// A key for the CA of a group that has none; before the transaction, as it may take a while.
result<std::string> key_for_authority(adoption_services& in, const json::object& asked) {
    const auto* group = object_member(asked, "group");
    const auto id = group != nullptr ? string_member(*group, "id").value_or("") : std::string();
    {
        const auto hold = in.state.db().lock();
        const auto there = greengrass::authorities_of(in.state, id);
        if (!there) {
            return there.error();
        }
        if (!there->empty()) {
            return std::string();
        }
    }
    return in.greengrass.new_rsa_key();
}

}  // namespace

api_result adopt(adoption_services& in, std::string_view request) {
    const auto parsed = parse_json(request);
    if (!parsed || !parsed->is_object()) {
        return bad_request("The request is no JSON object" +
                           (parsed ? "." : ": " + parsed.error().message()));
    }
    const auto authority_key = key_for_authority(in, parsed->get_object());
    if (!authority_key) {
        return internal_error(authority_key.error());
    }
    auto done = in_transaction(
        in.state, [&] { return adoption_run(in, parsed->get_object(), *authority_key).run(); });
    if (done && done->status == 201) {
        in.changes.changed();
    }
    return done;
}

}  // namespace evergrass::cloud::adoption
