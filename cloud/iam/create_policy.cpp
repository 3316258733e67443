#include "cloud/iam/operations.hpp"

namespace evergrass::cloud::iam {

api_result create_policy(iam_registry& in, const call& from) {
    auto document = requested_document(from, "PolicyDocument");
    if (!document) {
        return document.error();
    }
    policy_record made;
    made.name = string_member(from.input, "PolicyName").value_or("");
    made.path = string_member(from.input, "Path").value_or("/");
    made.arn = "arn:" + in.identity.partition + ":iam::" + in.identity.account + ":policy" +
               made.path + made.name;
    made.id = new_id("ANPA");
    made.description = string_member(from.input, "Description");
    made.created_at = made.updated_at = now_milliseconds(in);
    const auto there = find_policy(in, made.arn);
    if (!there) {
        return there.error();
    }
    if (*there) {
        return already_exists("A policy called " + made.name +
                              " already exists. Duplicate names are not allowed.");
    }
    auto written = write_policy(in, made);
    if (written) {
        written = done(
            in.state.db().run("iam.insert_version",
                              "INSERT INTO iam_policy_versions(arn, version, document, created_at)"
                              " VALUES(?1, ?2, ?3, ?4)",
                              {made.arn, std::int64_t{1}, *document, made.created_at}));
    }
    if (!written) {
        return written.error();
    }
    auto output = shown(in, made);
    return output ? api_result(reply{{{"Policy", std::move(*output)}}})
                  : api_result(output.error());
}

}  // namespace evergrass::cloud::iam
