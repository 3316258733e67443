#pragma once

#include "apps/doctor/core_facts.hpp"

namespace evergrass::doctor {

// `directory` is there. Writes a file of its own in it and removes it.
disk_facts look_at_disk(const std::filesystem::path& directory);

// How much of an eMMC's life is used, from the text of its `life_time` (two estimates of 0x01 to
// 0x0b, JEDEC 84-B50): the larger one; 0: it does not say. Pure.
int used_tenths_of(std::string_view life_time);

}  // namespace evergrass::doctor
