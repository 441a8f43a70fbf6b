#include "data/build/stages/latents_stage.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/pixels.h"
#include "core/setting_lines.h"
#include "data/build/stages/sample_images.h"
#include "data/images/image_file.h"

namespace samsr {
namespace {

/// CV_8UC3 to (1,3,H,W) float in [-1, 1].
at::Tensor network_image(const cv::Mat& image) { return signed_from_bytes(to_tensor(image)); }

at::Tensor as_half(const at::Tensor& latent) { return latent.squeeze(0).to(at::kHalf).cpu().contiguous(); }

/// The weights count, not where they lie; and what computes, since a GPU rounds otherwise. Shards made on a CPU, whose
/// latents are the reference, carry no line of it.
std::string content_of(FirstStageSettings settings, c10::Device device) {
  Settings registry;
  settings.bind(registry);
  return setting_lines(registry, [](const std::string& key) { return key != "first_stage.weights"; }) +
         file_line("first_stage_weights", settings.weights) +
         (device.is_cpu() ? "" : fmt::format("device: {}\n", c10::DeviceTypeName(device.type(), /*lower_case=*/true)));
}

class LatentsStage final : public Stage {
 public:
  LatentsStage(const FirstStageSettings& settings, c10::Device device)
      : content_(content_of(settings, device)), first_stage_(make_first_stage(settings)), device_(device) {
    first_stage_->to(device);
  }

  std::string name() const override { return "latents"; }
  std::vector<std::string> needs() const override { return {"hr", "lr"}; }
  std::string content() const override { return content_; }

  void run(std::uint64_t, std::span<Sample> samples) override {
    const at::NoGradGuard no_grad;
    for (Sample& sample : samples) {
      const cv::Mat hr = stored_image(sample, "hr");
      const cv::Mat lr = stored_image(sample, "lr");
      const int scale = stored_scale(sample);
      sample.fields.emplace_back("z_hr", as_half(first_stage_->encode(network_image(hr).to(device_))));
      sample.fields.emplace_back("z_lr", as_half(first_stage_->encode_lq(network_image(lr).to(device_), scale)));
    }
  }

 private:
  const std::string content_;
  const std::shared_ptr<FirstStage> first_stage_;
  const c10::Device device_;
};

}  // namespace

std::unique_ptr<Stage> make_latents_stage(const FirstStageSettings& settings, c10::Device device) {
  return std::make_unique<LatentsStage>(settings, device);
}

}  // namespace samsr
