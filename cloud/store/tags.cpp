#include "cloud/store/tags.hpp"

namespace evergrass::cloud {

result<void> set_tags(store& state, std::string_view arn, const json::object& tags) {
    for (const auto& tag : tags) {
        if (!tag.value().is_string()) {
            continue;  // the models have no other kind
        }
        auto written = state.db().run(
            "tags.set",
            "INSERT INTO tags(arn, key, value) VALUES(?1, ?2, ?3)"
            " ON CONFLICT(arn, key) DO UPDATE SET value = ?3",
            {std::string(arn), std::string(tag.key()), std::string(tag.value().get_string())});
        if (!written) {
            return written;
        }
    }
    return {};
}

result<void> drop_tag(store& state, std::string_view arn, std::string_view key) {
    return state.db().run("tags.drop_one", "DELETE FROM tags WHERE arn = ?1 AND key = ?2",
                          {std::string(arn), std::string(key)});
}

result<json::object> tags_of(store& state, std::string_view arn) {
    json::object tags;
    auto read = state.db().query(
        "tags.of", "SELECT key, value FROM tags WHERE arn = ?1 ORDER BY key", {std::string(arn)},
        [&](const db::row& row) { tags[row.text(0)] = row.text(1); });
    if (!read) {
        return read.error();
    }
    return tags;
}

result<void> drop_tags(store& state, std::string_view arn) {
    return state.db().run("tags.drop", "DELETE FROM tags WHERE arn = ?1", {std::string(arn)});
}

json::object tags_from_list(const json::array* list) {
    json::object tags;
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (const auto* tag = (*list)[i].if_object()) {
            tags[string_member(*tag, "Key").value_or("")] =
                string_member(*tag, "Value").value_or("");
        }
    }
    return tags;
}

json::array tags_as_list(const json::object& tags) {
    json::array list;
    for (const auto& tag : tags) {
        list.push_back(json::object{{"Key", tag.key()}, {"Value", tag.value()}});
    }
    return list;
}

}  // namespace evergrass::cloud
