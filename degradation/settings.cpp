#include "degradation/settings.h"

#include <numeric>

#include "degradation/presets.h"

namespace samsr {
namespace {

constexpr const char* kSection = "degradation.";

void add_range(Settings& settings, const std::string& key, std::vector<double>& range, double low, double high,
               const std::string& help) {
  settings.add(key, range, help)
      .count(2)
      .between(low, high)
      .satisfies("the smaller first", [](const std::vector<double>& v) { return v[0] <= v[1]; });
}

void add_probability(Settings& settings, const std::string& key, double& value, const std::string& help) {
  settings.add(key, value, help).between(0.0, 1.0);
}

bool any_above_zero(const std::vector<double>& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0) > 0;
}

void add_kernel_size(Settings& settings, const std::string& key, int& value, const std::string& help) {
  settings.add(key, value, help).between(3, 51).satisfies("odd", [](int size) { return size % 2 == 1; });
}

}  // namespace

void DegradationOrder::bind(Settings& settings, const std::string& suffix) {
  const std::string order = suffix.empty() ? "first order: " : "second order: ";
  const auto key = [&](const std::string& name) { return kSection + name + suffix; };
  add_kernel_size(settings, key("blur_kernel_min"), blur_kernel_min, order + "smallest blur kernel, pixels");
  add_kernel_size(settings, key("blur_kernel_size"), blur_kernel_size, order + "largest blur kernel, pixels");
  settings.add(key("kernel_list"), kernel_list, order + "kinds of blur kernel")
      .one_of({"iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso"});
  settings.add(key("kernel_prob"), kernel_prob, order + "weight of each kind in kernel_list")
      .at_least(0.0)
      .satisfies("not all 0", any_above_zero);
  add_probability(settings, key("sinc_prob"), sinc_prob, order + "probability of a sinc kernel instead");
  add_range(settings, key("blur_sigma"), blur_sigma, 0.05, 50, order + "standard deviation of the blur, pixels");
  add_range(settings, key("betag_range"), betag_range, 0.1, 20, order + "shape of generalized Gaussians");
  add_range(settings, key("betap_range"), betap_range, 0.1, 20, order + "shape of plateau kernels");
  settings.add(key("resize_prob"), resize_prob, order + "weights of enlarging, shrinking, keeping the size")
      .count(3)
      .at_least(0.0)
      .satisfies("not all 0", any_above_zero);
  settings.add(key("resize_range"), resize_range, order + "smallest and largest resize factor")
      .count(2)
      .between(0.05, 8.0)
      .satisfies("the first at most 1, the second at least 1",
                 [](const std::vector<double>& v) { return v[0] <= 1 && v[1] >= 1; });
  add_probability(settings, key("gaussian_noise_prob"), gaussian_noise_prob,
                  order + "probability of Gaussian noise; else Poisson");
  add_range(settings, key("noise_range"), noise_range, 0, 255, order + "standard deviation of Gaussian noise, 1/255");
  add_range(settings, key("poisson_scale_range"), poisson_scale_range, 0, 100, order + "strength of Poisson noise");
  add_probability(settings, key("gray_noise_prob"), gray_noise_prob,
                  order + "probability that noise is the same on all channels");
  add_range(settings, key("jpeg_range"), jpeg_range, 1, 100,
            suffix.empty() ? "first order: JPEG quality" : "JPEG quality of the final compression");
}

void DegradationSettings::bind(Settings& settings) {
  settings.add("degradation.preset", preset, "published values for all that is not set by name")
      .one_of(degradation_presets());
  settings.add("degradation.kind", kind, "the whole second-order degradation, or antialiased bicubic reduction alone")
      .one_of({"second_order", "bicubic"});
  first.bind(settings, "");
  add_probability(settings, "degradation.second_order_prob", second_order_prob, "probability of the second order");
  add_probability(settings, "degradation.second_blur_prob", second_blur_prob,
                  "probability of a blur in the second order");
  second.bind(settings, "2");
  add_probability(settings, "degradation.final_sinc_prob", final_sinc_prob, "probability of the final sinc filter");
  settings
      .add("degradation.use_sharp", use_sharp,
           "true: sharpen the ground truth (and degrade the sharpened); input: degrade the sharpened, but keep the "
           "ground truth as it is")
      .one_of({"false", "true", "input"});
  settings.add("degradation.usm_radius", usm_radius, "taps of the sharpening's Gaussian").between(1, 255);
  settings.add("degradation.usm_weight", usm_weight, "strength of the sharpening").between(0.0, 10.0);
  settings.add("degradation.usm_threshold", usm_threshold, "smallest detail sharpened, 1/255").between(0.0, 255.0);
}

void DegradationSettings::check() const {
  const auto check_order = [](const DegradationOrder& order, const char* suffix) {
    if (order.kernel_list.size() != order.kernel_prob.size()) {
      throw UserError(
          "degradation.kernel_prob{0} has {1} numbers for the {2} kinds of degradation.kernel_list{0}; "
          "give one number for each kind",
          suffix, order.kernel_prob.size(), order.kernel_list.size());
    }
    if (order.blur_kernel_min > order.blur_kernel_size) {
      throw UserError(
          "degradation.blur_kernel_min{0} is {1}, above degradation.blur_kernel_size{0}, {2}; "
          "lower the first or raise the second",
          suffix, order.blur_kernel_min, order.blur_kernel_size);
    }
  };
  check_order(first, "");
  check_order(second, "2");
}

}  // namespace samsr
