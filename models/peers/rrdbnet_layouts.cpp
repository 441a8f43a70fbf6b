// The names that RRDBNet's publishers gave its parts:
//   BasicSR         conv_first, body.N.rdbK.convJ, conv_body, conv_up1, conv_up2, conv_hr, conv_last
//   ESRGAN          conv_first, RRDB_trunk.N.RDBK.convJ, trunk_conv, upconv1, upconv2, HRconv, conv_last
//   first release   model.0, model.1.sub.N.RDBK.convJ.0, model.1.sub.{blocks}, then model.3, .6 (one each doubling),
//                   and for two of them .8, .10

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "models/peers/peer_keys.h"
#include "models/peers/rrdbnet.h"

namespace samsr {
namespace {

constexpr const char* kBasicSr = "body.0.rdb1.conv1.weight";
constexpr const char* kEsrgan = "RRDB_trunk.0.RDB1.conv1.weight";
constexpr const char* kFirstRelease = "model.1.sub.0.RDB1.conv1.0.weight";

std::string of_esrgan(const std::string& name) {
  const std::vector<std::string> parts = key_parts(name);
  if (parts.size() == 5 && parts[0] == "RRDB_trunk" && parts[2].starts_with("RDB")) {
    return fmt::format("body.{}.rdb{}.{}.{}", parts[1], parts[2].substr(3), parts[3], parts[4]);
  }
  if (parts.size() != 2) {
    return name;
  }
  const std::string& part = parts[0];
  return (part.starts_with("upconv") ? "conv_up" + part.substr(6)
          : part == "trunk_conv"     ? "conv_body"
          : part == "HRconv"         ? "conv_hr"
                                     : part) +
         "." + parts[1];
}

/// The number of `model.NUMBER.weight`, a layer outside of the trunk.
std::optional<std::int64_t> outer_number(const std::vector<std::string>& parts) {
  return parts.size() == 3 && parts[0] == "model" ? key_number(parts[1]) : std::nullopt;
}

/// `last`: the number of the last convolution: 4 + 3 · doublings.
std::string of_first_release(const std::string& name, std::int64_t last) {
  const std::vector<std::string> parts = key_parts(name);
  const bool trunk = parts.size() >= 5 && name.starts_with("model.1.sub.") && key_number(parts[3]);
  if (trunk && parts.size() == 8 && parts[4].starts_with("RDB") && parts[6] == "0") {
    return fmt::format("body.{}.rdb{}.{}.{}", parts[3], parts[4].substr(3), parts[5], parts[7]);
  }
  if (trunk && parts.size() == 5) {
    return "conv_body." + parts[4];
  }
  const auto number = outer_number(parts);
  if (!number) {
    return name;
  }
  const bool doubles = *number > 0 && *number < last - 2 && *number % 3 == 0;
  const std::string layer = *number == 0          ? "conv_first"
                            : *number == last     ? "conv_last"
                            : *number == last - 2 ? "conv_hr"
                            : doubles             ? fmt::format("conv_up{}", *number / 3)
                                                  : "";
  return layer.empty() ? name : layer + "." + parts[2];
}

std::int64_t last_of_first_release(const TensorFile& file) {
  std::int64_t last = 0;
  for (const auto& [name, tensor] : file.tensors) {
    last = std::max(last, outer_number(key_parts(name)).value_or(0));
  }
  return last;
}

}  // namespace

bool is_rrdbnet(const TensorFile& file) {
  return has_key(file, kBasicSr) || has_key(file, kEsrgan) || has_key(file, kFirstRelease);
}

TensorFile with_basicsr_names(TensorFile file) {
  const bool esrgan = has_key(file, kEsrgan);
  const bool first_release = has_key(file, kFirstRelease);
  const std::int64_t last = first_release ? last_of_first_release(file) : 0;
  for (auto& [name, tensor] : file.tensors) {
    name = esrgan ? of_esrgan(name) : first_release ? of_first_release(name, last) : name;
  }
  return file;
}

RRDBNetSettings rrdbnet_settings_of(const TensorFile& file, const std::string& source) {
  const PeerKeys keys(file, source, "RRDBNet");
  RRDBNetSettings settings;
  settings.num_feat = keys.size("conv_first.weight", 0);
  settings.num_out_ch = keys.size("conv_last.weight", 0);
  settings.num_grow_ch = keys.size(kBasicSr, 0);
  settings.num_block = keys.count([](std::int64_t i) { return fmt::format("body.{}.rdb1.conv1.weight", i); });
  settings.doublings = keys.count([](std::int64_t i) { return fmt::format("conv_up{}.weight", i + 1); });
  // Pictures come and go with as many channels, so more of them at the start are folded pixels.
  const std::int64_t in = keys.size("conv_first.weight", 1);
  for (const std::int64_t fold : {1, 2, 4}) {
    if (in == settings.num_out_ch * fold * fold && (fold == 1 || settings.doublings == 2)) {
      settings.unshuffle = fold;
      settings.num_in_ch = settings.num_out_ch;
      return settings;
    }
  }
  throw UserError(
      "{}: looks like an RRDBNet, but its first layer takes {} channels and its last gives {}: expected as many, or 4 "
      "or "
      "16 times as many (scales 2 and 1)",
      source, in, settings.num_out_ch);
}

}  // namespace samsr
