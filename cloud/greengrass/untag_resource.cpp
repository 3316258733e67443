#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

namespace evergrass::cloud::greengrass {

api_result untag_resource(greengrass_services& in, const call& from) {
    const auto arn = required_text(from, "ResourceArn");
    return in_transaction(in.state, [&]() -> api_result {
        if (auto refused = check_taggable(in, arn)) {
            return *refused;
        }
        const auto* keys = array_member(from.input, "TagKeys");
        for (std::size_t i = 0; keys != nullptr && i < keys->size(); ++i) {
            const auto* key = (*keys)[i].if_string();
            if (key == nullptr) {
                continue;  // the model has no other kind
            }
            const auto deleted = in.state.db().run("greengrass.delete_tag",
                                                   "DELETE FROM tags WHERE arn = ?1 AND key = ?2",
                                                   {arn, std::string(*key)});
            if (!deleted) {
                return internal_error(deleted.error());
            }
        }
        return reply{{}, 204};
    });
}

}  // namespace evergrass::cloud::greengrass
