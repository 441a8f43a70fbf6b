// Files of the layout, names and sizes of the official checkpoints, filled by the rule of the golden files, through
// `samsr upscale`; one result is compared with the networks that the golden files check, put together by hand.

#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <memory>
#include <opencv2/core.hpp>

#include "data/images/image_file.h"
#include "eval/upscale/noise_field.h"
#include "launch/trained_runs.h"
#include "models/first_stage/vq_autoencoder.h"
#include "models/golden_settings.h"
#include "models/pickle_writer.h"
#include "models/unet/unet_swin.h"
#include "models/weights/load_weights.h"
#include "support/golden.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kThreads = 2;

/// A file of torch.save, each tensor with a storage of its own; under the key `state_dict` when `wrapped`.
void write_pth(const fs::path& path, const TensorFile& file, bool wrapped) {
  caffe2::serialize::PyTorchStreamWriter writer(path.string());
  PickleWriter pickle;
  pickle.raw("}");
  if (wrapped) {
    pickle.text("state_dict").raw("}");
  }
  std::size_t number = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string key = std::to_string(number++);
    const std::string type = tensor.scalar_type() == at::kLong ? "LongStorage" : "FloatStorage";
    pickle.text(name).tensor(key, tensor.numel(), 0, tensor.sizes().vec(), tensor.strides().vec(), type).raw("s");
    writer.writeRecord("data/" + key, tensor.const_data_ptr(), tensor.nbytes());
  }
  if (wrapped) {
    pickle.raw("s");
  }
  const std::string bytes = pickle.finished();
  writer.writeRecord("data.pkl", bytes.data(), bytes.size());
  writer.writeEndOfFile();
}

std::int64_t count_of(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) {
    count += parameter.numel();
  }
  return count;
}

class OfficialCheckpoints : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    fs::create_directories(weights());
    const Golden unet_golden(golden_folder() / "unet_paper.h5");
    unet_ = std::make_unique<UNetSwin>(unet_settings(unet_golden.config()));
    fill_by_rule(**unet_, unet_golden.salt());
    (*unet_)->eval();
    write_pth(weights() / "resshift_realsrx4_s15_v1.pth", state_of(**unet_), /*wrapped=*/true);
    for (const char* name : {"SinSR_v1.pth", "SamSR_v1.pth"}) {  // of the same layout, so of the same bytes
      fs::create_hard_link(weights() / "resshift_realsrx4_s15_v1.pth", weights() / name);
    }
    const Golden vq_golden(golden_folder() / "vq_f4.h5");
    vq_ = std::make_unique<VQModelTorch>(autoencoder_settings(vq_golden.config()));
    fill_by_rule(**vq_, vq_golden.salt());
    (*vq_)->eval();
    write_pth(weights() / "autoencoder_vq_f4.pth", state_of(**vq_), /*wrapped=*/false);
    const cv::Mat photograph = read_image(shared_photographs() / "niqe0.png").rgb;
    lq_ = std::make_unique<cv::Mat>(photograph(cv::Rect(20, 10, 64, 64)).clone());
    write_png(in("lq.png"), *lq_);
  }
  static void TearDownTestSuite() {
    lq_.reset();
    vq_.reset();
    unet_.reset();
    TrainedRuns::TearDownTestSuite();
  }

  static fs::path weights() { return in("weights"); }
  static Outcome upscale(const std::string& model, const std::string& out, const std::string& more = "") {
    return run("SAMSR_WEIGHTS=" + weights() + " " +
               samsr("upscale " + in("lq.png") + " " + in(out) + " --model " + model +
                     fmt::format(" train.threads={} ", kThreads) + more));
  }

  static inline std::unique_ptr<UNetSwin> unet_;
  static inline std::unique_ptr<VQModelTorch> vq_;
  static inline std::unique_ptr<cv::Mat> lq_;
};

TEST_F(OfficialCheckpoints, AStudentGivesWhatTheGoldenNetworksGive) {
  EXPECT_NEAR(static_cast<double>(count_of(**unet_)) / 1e6, 118.6, 0.05);
  EXPECT_NEAR(static_cast<double>(count_of(**vq_)) / 1e6, 55.3, 0.05);
  const Outcome outcome = upscale("SinSR_v1.pth", "sinsr.png");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("official student"), HasSubstr("one step, plain noise")));

  // x_T = z_y + κ √η_{T-1} ε with κ = 2 and √η_{T-1} = 0.99; the network sees x_T / √(κ² η_{T-1} + 1) and the step 14.
  const torch::NoGradGuard no_grad;
  const int threads = at::get_num_threads();
  at::set_num_threads(kThreads);  // as the program's
  const at::Tensor lq = to_tensor(*lq_).to(at::kFloat).div(127.5).sub(1);
  const at::Tensor z_y = (*vq_)->encode(at::upsample_bicubic2d(lq, {256, 256}, /*align_corners=*/false));
  const at::Tensor x_T = z_y + 2 * 0.99 * NoiseField(/*seed=*/1, 3).piece(0, 0, 0, 64, 64);
  const at::Tensor x_0 = (*unet_)(x_T / std::sqrt(4 * 0.99 * 0.99 + 1), torch::tensor({14}), lq);
  const at::Tensor image = (*vq_)->decode(x_0).clamp(-1, 1).add(1).mul(127.5).round().to(at::kByte);
  at::set_num_threads(threads);

  const at::Tensor result = to_tensor(read_image(in("sinsr.png")).rgb);
  ASSERT_EQ(result.sizes(), image.sizes());
  const at::Tensor difference = (result.to(at::kFloat) - image.to(at::kFloat)).abs();
  EXPECT_LE(difference.max().item<double>(), 1);
  EXPECT_GT(image.to(at::kFloat).std().item<double>(), 5) << "a flat picture would prove nothing";
}

TEST_F(OfficialCheckpoints, EachIsUsedAsItWasTrained) {
  const Outcome samsr_student = upscale("SamSR_v1", "samsr.png");
  ASSERT_EQ(samsr_student.status, 0) << samsr_student.output;
  EXPECT_THAT(samsr_student.output,
              AllOf(HasSubstr("SamSR_v1.pth, official student"), HasSubstr("noise shaped by masks (graph)")));
  // By its path, and in two of its fifteen steps, for the time they take.
  const Outcome teacher =
      upscale((weights() / "resshift_realsrx4_s15_v1.pth").string(), "resshift.png", "diffusion.steps=2");
  ASSERT_EQ(teacher.status, 0) << teacher.output;
  EXPECT_THAT(teacher.output, AllOf(HasSubstr("official teacher"), HasSubstr("ancestral sampling in 2 steps")));
  for (const char* name : {"samsr.png", "resshift.png"}) {
    EXPECT_EQ(read_image(in(name)).rgb.size(), cv::Size(256, 256)) << name;
  }
}

TEST_F(OfficialCheckpoints, AMissingFileIsSaidWithItsPlaces) {
  const Outcome model = upscale("SamSR_v2.pth", "o.png");
  EXPECT_EQ(model.status, 2);
  EXPECT_THAT(model.output, AllOf(HasSubstr("SamSR_v2.pth is missing"),
                                  HasSubstr("https://huggingface.co/zh-liu799/SAMSR"), HasSubstr(weights().string())));
  fs::create_directories(in("alone"));
  fs::create_hard_link(weights() / "SinSR_v1.pth", in("alone/SinSR_v1.pth"));
  const Outcome autoencoder = run("HOME=/nowhere SAMSR_WEIGHTS=" + in("alone") + " " +
                                  samsr("upscale " + in("lq.png") + " " + in("o.png") + " --model SinSR_v1.pth"));
  EXPECT_EQ(autoencoder.status, 2);
  EXPECT_THAT(autoencoder.output,
              AllOf(HasSubstr("autoencoder_vq_f4.pth is missing"), HasSubstr("https://github.com/zsyOAOA/ResShift"),
                    HasSubstr(in("alone").string()), HasSubstr("first_stage.weights")));
}

}  // namespace
}  // namespace samsr::testing
