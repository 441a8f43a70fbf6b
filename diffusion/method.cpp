#include "diffusion/method.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/field_text.h"
#include "core/json_entry.h"
#include "core/nearest_name.h"

namespace samsr {
namespace {

constexpr std::array kMethods{
    Method{.name = "resshift", .kind = "teacher", .one_step = false, .distils = false, .mask_noise = false},
    Method{.name = "sinsr", .kind = "student", .one_step = true, .distils = true, .mask_noise = false},
    Method{.name = "samsr", .kind = "sam_student", .one_step = true, .distils = true, .mask_noise = true},
    Method{.name = "tadsr",
           .kind = "student",
           .one_step = true,
           .distils = true,
           .mask_noise = false,
           .either_noise = true},
    Method{.name = "vpdsr",
           .kind = "student",
           .one_step = true,
           .distils = true,
           .mask_noise = false,
           .either_noise = true},
    Method{.name = "rsd", .kind = "rsd_student", .one_step = true, .distils = false, .mask_noise = false},
    Method{.name = "flowmap",
           .kind = "flow_map",
           .one_step = false,
           .distils = false,
           .mask_noise = false,
           .flow_map = true},
    Method{.name = "flowmap_adversarial",
           .kind = "flow_map",
           .one_step = false,
           .distils = true,
           .mask_noise = false,
           .flow_map = true},
};

const Method* found(std::string_view Method::*member, std::string_view text) {
  const auto method = std::ranges::find(kMethods, text, member);
  return method == kMethods.end() ? nullptr : &*method;
}

}  // namespace

std::span<const Method> methods() { return kMethods; }

const Method* find_method(std::string_view name) { return found(&Method::name, name); }

bool masks_shape_noise(const Method& method, const SamSettings& sam) {
  return sam.mask_noise == "auto" ? method.mask_noise : sam.mask_noise == "true";
}

const Method& method_named(std::string_view name) {
  if (const Method* method = find_method(name)) {
    return *method;
  }
  std::vector<std::string> names;
  for (const Method& method : kMethods) {
    names.emplace_back(method.name);
  }
  const std::string near = nearest_name(std::string(name), names);
  throw UserError("no method is called '{}'{}", name, near.empty() ? "" : ", did you mean '" + near + "'?");
}

const Method& method_of_kind(std::string_view kind, std::string_view source) {
  if (const Method* method = found(&Method::kind, kind)) {
    return *method;
  }
  throw UserError("{}: a model of the unknown kind '{}'; a newer version of samsr may have written it", source,
                  one_line(shown_text(kind)));
}

}  // namespace samsr
