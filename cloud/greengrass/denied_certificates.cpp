#include "cloud/greengrass/denied_certificates.hpp"

#include "cloud/greengrass/deployments.hpp"
#include "libs/base/digest.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

result<denied_certificates> find_denied_certificates(store& state, const std::string& core_thing) {
    denied_certificates found;
    const auto read = state.db().query(
        "greengrass.denied_certificates",
        "SELECT DISTINCT device.certificate_id, device.thing,"
        " CASE WHEN known.status = 'ACTIVE' THEN 1 ELSE 0 END FROM group_members core"
        " JOIN group_members device ON device.group_id = core.group_id AND device.role = 'device'"
        " LEFT JOIN certificates known ON known.id = device.certificate_id"
        " LEFT JOIN thing_certificates held ON held.thing = device.thing"
        " AND held.certificate_id = device.certificate_id"
        " WHERE core.thing = ?1 AND core.role = 'core'"
        " AND (known.id IS NULL OR known.status <> 'ACTIVE' OR held.thing IS NULL)"
        " ORDER BY device.certificate_id, device.thing",
        {core_thing}, [&](const db::row& row) {
            auto id = row.text(0);
            if (row.integer(2) != 0) {
                found.things.push_back(row.text(1));
            } else if (found.ids.empty() || found.ids.back() != id) {
                found.ids.push_back(std::move(id));
            }
        });
    if (!read) {
        return read.error();
    }
    if (found.ids.empty() && found.things.empty()) {
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
    for (const auto& thing : found.things) {
        all += " thing/" + thing;
    }
    found.version = sha256_hex(all);
    return found;
}

result<std::vector<std::string>> polls_of_certificate(store& state,
                                                      const std::string& certificate_id) {
    std::vector<std::string> things;
    const auto read = state.db().query(
        "greengrass.polls_of_certificate",
        "SELECT thing FROM thing_certificates WHERE certificate_id = ?1"
        " UNION SELECT core.thing FROM group_members member JOIN group_members core"
        " ON core.group_id = member.group_id AND core.role = 'core'"
        " WHERE member.certificate_id = ?1",
        {certificate_id}, [&](const db::row& row) { things.push_back(row.text(0)); });
    if (!read) {
        return read.error();
    }
    return things;
}

}  // namespace evergrass::cloud::greengrass
