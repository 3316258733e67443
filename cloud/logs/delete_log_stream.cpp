#include "cloud/logs/operations.hpp"

namespace evergrass::cloud::logs {

api_result delete_log_stream(log_registry& in, const call& from) {
    const auto stream = requested_stream(in, from);
    if (!stream) {
        return stream.error();
    }
    auto& db = in.state.db();
    auto outcome = db.run("logs.delete_stream_events", "DELETE FROM log_events WHERE stream = ?1",
                          {stream->id});
    if (outcome) {
        outcome =
            db.run("logs.delete_stream", "DELETE FROM log_streams WHERE id = ?1", {stream->id});
    }
    return outcome ? api_result(reply{}) : api_result(internal_error(outcome.error()));
}

}  // namespace evergrass::cloud::logs
