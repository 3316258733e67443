#include "apps/evergrass_cloud/identity_check.hpp"

namespace evergrass::cloud {

result<void> check_identity(store& state, const service_identity& identity) {
    const auto ours = identity.region + "/" + identity.account;
    return state.db().transaction([&]() -> result<void> {
        auto written = state.db().run("identity.keep",
                                      "INSERT OR IGNORE INTO settings(name, value)"
                                      " VALUES('identity', ?1)",
                                      {ours});
        if (!written) {
            return written;
        }
        std::string kept;
        auto read =
            state.db().query("identity.read", "SELECT value FROM settings WHERE name = 'identity'",
                             {}, [&](const db::row& row) { kept = row.text(0); });
        if (!read) {
            return read;
        }
        if (kept != ours) {
            return error{{},
                         "this data belongs to region/account " + kept + ", not " + ours +
                             "; start with --region and --account as before, or with a new --data"};
        }
        return {};
    });
}

}  // namespace evergrass::cloud
