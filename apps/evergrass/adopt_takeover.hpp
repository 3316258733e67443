#pragma once

#include "apps/evergrass/adopt_service.hpp"
#include "libs/v1_core/old_core.hpp"

namespace evergrass::cli {

// The second half of `adopt`: our core in place of the old one, and back (docs/rescue.md). Status
// as run_adopt().

// The core is at the service already. Deploys its group, exchanges the cores, starts ours and looks
// whether all is well; if not, the old core runs again.
int switch_core(const adopt_options& options, const v1::old_core& core, const v1::import_plan& plan,
                adopting_service& service);

// The old core again, as it was.
int undo_switch(const adopt_options& options);

}  // namespace evergrass::cli
