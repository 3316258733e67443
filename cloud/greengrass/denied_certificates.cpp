#include "cloud/greengrass/denied_certificates.hpp"

#include "cloud/greengrass/deployments.hpp"
#include "libs/base/digest.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

result<denied_certificates> find_denied_certificates(store& state, const std::string& core_thing) {
    denied_certificates found;
    const auto read = state.db().query(
        "greengrass.denied_certificates",
        "SELECT DISTINCT device.certificate_id FROM group_members core"
        " JOIN group_members device ON device.group_id = core.group_id AND device.role = 'device'"
        " LEFT JOIN certificates known ON known.id = device.certificate_id"
        " WHERE core.thing = ?1 AND core.role = 'core'"
        " AND (known.id IS NULL OR known.status <> 'ACTIVE') ORDER BY device.certificate_id",
        {core_thing}, [&](const db::row& row) { found.ids.push_back(row.text(0)); });
    if (!read) {
        return read.error();
    }
    if (found.ids.empty()) {
        return found;  // nearly always: each poll of each core asks
    }
    auto running = running_on_core(state, core_thing);
    if (!running) {
        return running.error();
    }
    if (!*running) {
        return denied_certificates();
    }
    found.deployment_id = std::move((*running)->id);
    std::string all = found.deployment_id;
    for (const auto& id : found.ids) {
        all += ' ' + id;
    }
    found.version = sha256_hex(all);
    return found;
}

}  // namespace evergrass::cloud::greengrass
