#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/v1_core/old_shadows.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

// What an old core wrote for itself and ours goes on with, put below our core's root before it
// starts. Both cores are stopped meanwhile; nothing below the old root is written.
namespace evergrass::cli {

// The old core ran last, so its shadows are the newest: where ours has another state, from a
// takeover before, it gets the old one's with a higher version. How many were written.
// errc::corrupt: a document is none; those before it are there.
result<std::size_t> carry_shadows(const std::vector<v1::old_shadow>& shadows,
                                  const std::filesystem::path& our_root, wall_time now);

struct carried_streams {
    std::size_t files = 0;
    std::uint64_t bytes = 0;
    std::size_t left_out = 0;  // links and what else is no file or folder
};

// The files of the stream manager as they are, to var/state/stream_manager of our root, in the
// place of an earlier copy; whole, or the earlier copy stays. Nothing reads them: their form is not
// published. errc::too_large: there is no room for it, and nothing was copied.
result<carried_streams> carry_streams(const std::filesystem::path& store,
                                      const std::filesystem::path& our_root);

}  // namespace evergrass::cli
