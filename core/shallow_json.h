#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace samsr {

/// JSON of somebody else's making, with lists and maps nested at most 32 deep: what walks it afterwards (dump(), and
/// copies, which even parsing makes of ordered_json) does so by recursion. Discarded (is_discarded()) where the text is
/// no JSON or goes deeper. Json: nlohmann::json or nlohmann::ordered_json.
template <class Json>
Json parse_shallow_json(const std::string& text) {
  constexpr int kDeepest = 32;
  bool too_deep = false;
  const typename Json::parser_callback_t keep = [&](int depth, typename Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kDeepest;
    return !too_deep;
  };
  Json parsed = Json::parse(text, keep, /*allow_exceptions=*/false);
  return too_deep ? Json(Json::value_t::discarded) : parsed;
}

}  // namespace samsr
