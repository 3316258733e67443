#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"

namespace evergrass::cloud::objects {

answer<http::response> list_buckets(const s3_call& from) {
    const auto found = from.in.list_buckets();
    if (!found) {
        return found.error();
    }
    std::string buckets;
    for (const auto& each : *found) {
        const auto made = wall_time(std::chrono::milliseconds(each.created_at));
        buckets += enclose(
            "Bucket", element("Name", each.name) + element("CreationDate", format_iso8601(made)));
    }
    return xml_answer("ListAllMyBucketsResult",
                      enclose("Owner", element("ID", "evergrass")) + enclose("Buckets", buckets));
}

}  // namespace evergrass::cloud::objects
