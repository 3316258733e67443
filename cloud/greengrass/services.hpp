#pragma once

#include "cloud/greengrass/deployment_notifier.hpp"
#include "cloud/greengrass/deployment_signer.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/pki/pki.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace evergrass::cloud {

namespace greengrass {
class upstream_sts;
}
namespace lambda {
class core_invocations;
}
namespace objects {
class object_store;
class upstream_objects;
}  // namespace objects
namespace secrets {
struct secret_registry;
}
namespace upstream {
class client;
}

// What the operations and the cores' API share. Lives longer than the operation table and the
// device_api.
struct greengrass_services {
    store& state;
    const service_identity& identity;
    const clock& time;
    const deployment_signer& signer;
    deployment_notifier& notifier;
    logger log;
    // Provisioning scripts deploy first and register the core after it, or the other way round: a
    // core that isn't registered this long after its deployment makes the deployment fail.
    std::chrono::milliseconds registration_grace{10'000};
    // Where groups get credentials for AWS itself; null: this service has no AWS keys.
    const greengrass::upstream_sts* sts = nullptr;
    // Where bulk deployments find their input, and groups their models; null: nowhere.
    objects::object_store* objects = nullptr;
    // Where groups find their secrets; null: nowhere.
    secrets::secret_registry* secrets = nullptr;
    // APIs that are elsewhere; null: none is.
    const upstream::client* upstream = nullptr;
    objects::upstream_objects* upstream_objects = nullptr;
    // What cores are to run for Invoke; null: nothing.
    lambda::core_invocations* invocations = nullptr;
    // Called when a bulk deployment begins or is to stop, perhaps before that is committed; the
    // store's lock is held then.
    std::function<void()> bulk_changed = [] {};
    // PKCS#8 PEM of an RSA-2048 key for a group's CA. Takes some 100 ms when none was made ahead,
    // so it is called without the store's lock.
    std::function<std::string()> new_rsa_key = [] { return pki::generate_rsa_key(); };
};

}  // namespace evergrass::cloud
