// Files of the layout, names and sizes of the official checkpoints, filled by the rule of the golden files, through
// `samsr upscale`; one result is compared with the networks that the golden files check, put together by hand.

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
#include "models/unet/unet_swin.h"
#include "models/weights/load_weights.h"
#include "models/write_pth.h"
#include "segmentation/mask_source.h"
#include "segmentation/sam/network.h"
#include "support/golden.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kThreads = 2;

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
    SamNetwork sam{SamArchitecture()};
    fill_by_rule(sam, 0);
    write_pth(weights() / "sam_vit_b_01ec64.pth", state_of(sam), /*wrapped=*/false);
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

// RSD's file is the network with a channel of noise behind the LR image.
TEST_F(OfficialCheckpoints, RsdsStudentIsKnownByItsInputLayer) {
  const Golden golden(golden_folder() / "unet_paper.h5");
  UNetSettings settings = unet_settings(golden.config());
  settings.noise_channels = 1;
  UNetSwin student(settings);
  fill_by_rule(*student, golden.salt());
  student->eval();
  write_pth(weights() / "ema_model_2800.pth", state_of(*student), /*wrapped=*/false);
  const Outcome outcome = upscale("RSD", "rsd.png");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("ema_model_2800.pth, official student"), HasSubstr("one step, plain noise")));

  const torch::NoGradGuard no_grad;
  const int threads = at::get_num_threads();
  at::set_num_threads(kThreads);  // as the program's
  const at::Tensor lq = to_tensor(*lq_).to(at::kFloat).div(127.5).sub(1);
  const at::Tensor z_y = (*vq_)->encode(at::upsample_bicubic2d(lq, {256, 256}, /*align_corners=*/false));
  const std::vector<at::Tensor> noise = NoiseField(/*seed=*/1, 4).piece(0, 0, 0, 64, 64).split_with_sizes({3, 1}, 1);
  const at::Tensor scaled = (z_y + 2 * 0.99 * noise[0]) / std::sqrt(4 * 0.99 * 0.99 + 1);
  const at::Tensor x_0 = student(at::cat({scaled, noise[1]}, 1), torch::tensor({14}), lq);
  const at::Tensor image = (*vq_)->decode(x_0).clamp(-1, 1).add(1).mul(127.5).round().to(at::kByte);
  at::set_num_threads(threads);
  const at::Tensor result = to_tensor(read_image(in("rsd.png")).rgb);
  ASSERT_EQ(result.sizes(), image.sizes());
  EXPECT_LE((result.to(at::kFloat) - image.to(at::kFloat)).abs().max().item<double>(), 1);

  // ResShift's trainer gives its files the same names.
  fs::create_directories(in("resshift"));
  fs::create_hard_link(weights() / "resshift_realsrx4_s15_v1.pth", in("resshift/ema_model_2800.pth"));
  const Outcome other = upscale((in("resshift/ema_model_2800.pth")).string(), "o.png");
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("has the name of RSD's student, but no channel of noise in its input layer"));
}

/// Segment Anything asked at few points; a network whose weights follow the rule is sure of nothing.
MaskSettings few_points(const fs::path& weights) {
  MaskSettings masks;
  masks.source = "sam";
  masks.weights = weights.string();
  masks.automatic.points_per_side = 4;
  masks.automatic.pred_iou_thresh = 0;
  masks.automatic.stability_score_thresh = 0;
  masks.automatic.box_nms_thresh = 1;
  return masks;
}
constexpr const char* kFewPoints =
    " masks.points_per_side=4 masks.pred_iou_thresh=0 masks.stability_score_thresh=0 masks.box_nms_thresh=1";

/// How many of the masks that the released code finds in a latent (3,h,w), its background among them, lie over each
/// place: (h,w), by its arithmetic in plain loops.
at::Tensor released_counts(const at::Tensor& latent, const MaskSettings& settings) {
  const at::Tensor numbers = latent.to(at::kHalf).to(at::kFloat).contiguous();  // as shards hold them
  const auto lowest = numbers.min().item<float>();
  const double length = static_cast<double>(numbers.max().item<float>()) - lowest + 1e-6;
  cv::Mat bgr(static_cast<int>(latent.size(1)), static_cast<int>(latent.size(2)), CV_8UC3);
  for (int y = 0; y < bgr.rows; ++y) {
    for (int x = 0; x < bgr.cols; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const float level = (numbers[channel][y][x].item<float>() - lowest) / static_cast<float>(length) * 255;
        bgr.at<cv::Vec3b>(y, x)[2 - channel] = static_cast<std::uint8_t>(level);
      }
    }
  }
  const at::Tensor masks = make_mask_source(settings)->masks(bgr);
  at::Tensor counts = at::zeros({bgr.rows, bgr.cols}, at::kFloat);
  for (int y = 0; y < bgr.rows; ++y) {
    for (int x = 0; x < bgr.cols; ++x) {
      float count = 0;
      for (std::int64_t mask = 0; mask < masks.size(0); ++mask) {
        count += masks[mask][y][x].item<float>();
      }
      counts[y][x] = count == 0 ? 1 : count;
    }
  }
  return counts;
}

// The released code's sampling step by step. The picture is no multiple of what the network needs, so what is segmented
// is the latent of the padded one.
TEST_F(OfficialCheckpoints, SamsrsStudentIsUsedAsTheReleasedCodeTrainedIt) {
  constexpr std::int64_t kRows = 56;
  write_png(in("low.png"), lq_->rowRange(0, kRows).clone());
  const Outcome outcome = run("SAMSR_WEIGHTS=" + weights().string() + " " +
                              samsr("upscale " + in("low.png").string() + " " + in("released.png").string() +
                                    " --model SamSR_v1" + kFewPoints + fmt::format(" train.threads={}", kThreads)));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("SamSR_v1.pth, official student"),
                                    HasSubstr("one step, noise shaped by masks (sam, of the latent)"),
                                    Not(HasSubstr("not the published one"))));

  const torch::NoGradGuard no_grad;
  const int threads = at::get_num_threads();
  at::set_num_threads(kThreads);  // as the program's
  const at::Tensor cut = to_tensor(*lq_).to(at::kFloat).div(127.5).sub(1).narrow(2, 0, kRows);
  const at::Tensor lq = at::reflection_pad2d(cut, {0, 0, 0, 64 - kRows});
  const at::Tensor z_y = (*vq_)->encode(at::upsample_bicubic2d(lq, {256, 256}, /*align_corners=*/false));
  const at::Tensor counts = released_counts(z_y[0], few_points(weights() / "sam_vit_b_01ec64.pth"));
  EXPECT_GT(counts.max().item<float>(), 2);
  EXPECT_GT((counts != counts[0][0]).sum().item<std::int64_t>(), 100) << "the same everywhere would shape nothing";
  // The mean of the noise maps of a place's masks is z / √count in law; it is standardised per channel.
  const at::Tensor mean = NoiseField(/*seed=*/1, 3).piece(0, 0, 0, 64, 64) / counts.sqrt();
  const at::Tensor noise =
      (mean - mean.mean({2, 3}, true)) / mean.std(at::IntArrayRef({2, 3}), /*unbiased=*/true, true);
  const at::Tensor moved = counts / counts.max() / 5;
  const at::Tensor x_T = z_y + 2 * (1 - moved) * 0.99 * (1 + moved) * noise;
  const at::Tensor x_0 = (*unet_)(x_T / std::sqrt(4 * 0.99 * 0.99 + 1), torch::tensor({14}), lq);
  const at::Tensor image = (*vq_)->decode(x_0).clamp(-1, 1).add(1).mul(127.5).round().to(at::kByte);
  at::set_num_threads(threads);

  const at::Tensor result = to_tensor(read_image(in("released.png")).rgb);
  ASSERT_EQ(result.size(2), 4 * kRows);
  const at::Tensor difference = (result.to(at::kFloat) - image.narrow(2, 0, 4 * kRows).to(at::kFloat)).abs();
  EXPECT_LE(difference.max().item<double>(), 1);
}

// From photographs to a student of the released variant, with networks of the official sizes: Segment Anything makes
// the masks of latents and of L_SC, the teacher starts the student. In two of its fifteen steps, for the time they
// take.
TEST_F(OfficialCheckpoints, TheReleasedVariantIsBuiltTrainedAndUsed) {
  const std::string settings = fmt::format(
      " --config {}/configs/samsr_released_x4.yaml first_stage.weights={} masks.weights={}{} diffusion.steps=2 "
      "train.threads={}",
      SAMSR_SOURCE, (weights() / "autoencoder_vq_f4.pth").string(), (weights() / "sam_vit_b_01ec64.pth").string(),
      kFewPoints, kThreads);
  const std::string shards = in("shards").string();
  const Outcome built =
      run(samsr("data build" + settings + " data.out=" + shards + " data.images=" + shared_photographs().string() +
                " data.small_photographs=reflect data.min_size=16 data.samples=1 data.coverage_hr=false"));
  ASSERT_EQ(built.status, 0) << built.output;
  EXPECT_THAT(run(samsr("data inspect --config " + shards)).output, HasSubstr("picture: latent"));

  const std::string train = "train" + settings + " train.shards=" + shards +
                            " train.teacher_weights=" + (weights() / "resshift_realsrx4_s15_v1.pth").string() +
                            " train.steps=1 train.global_batch=1 train.microbatch=1 semantic.loss=amg semantic.every=1";
  const Outcome other = run(samsr(train + " samsr.variant=paper train.out=" + in("other_run").string()));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, AllOf(HasSubstr("its masks are those of latents"), HasSubstr("masks.picture=latent")));
  const Outcome trained = run(samsr(train + " train.out=" + in("released_run").string()));
  ASSERT_EQ(trained.status, 0) << trained.output;
  EXPECT_TRUE(metrics("released_run").back().contains("semantic")) << metrics("released_run").back();

  const Outcome used = run(samsr("upscale " + in("lq.png").string() + " " + in("student.png").string() + " --model " +
                                 in("released_run").string() + settings + " --masks sam"));
  EXPECT_EQ(used.status, 0) << used.output;
  EXPECT_THAT(used.output, HasSubstr("noise shaped by masks (sam, of the latent)"));
  fs::remove_all(in("released_run"));
}

TEST_F(OfficialCheckpoints, WithoutItsMasksSamsrsStudentIsUsedOnlyAsAskedByName) {
  const fs::path alone = in("without_sam");
  fs::create_directories(alone);
  for (const char* name : {"SamSR_v1.pth", "autoencoder_vq_f4.pth"}) {
    fs::create_hard_link(weights() / name, alone / name);
  }
  const auto without = [&](const std::string& more) {
    return run("HOME=/nowhere SAMSR_WEIGHTS=" + alone.string() + " " +
               samsr("upscale " + in("lq.png").string() + " " + in("other.png").string() +
                     " --model SamSR_v1 train.threads=2 " + more));
  };
  const Outcome refused = without("");
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output,
              AllOf(HasSubstr("sam_vit_b_01ec64.pth"), HasSubstr("--masks graph"), HasSubstr("--noise plain")));
  for (const char* asked : {"--masks graph", "--noise plain"}) {
    const Outcome outcome = without(asked);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("the result is not the published one")) << asked;
  }
}

TEST_F(OfficialCheckpoints, ATeacherIsSampledInItsSteps) {
  // By its path, and in two of its fifteen steps, for the time they take.
  const Outcome teacher =
      upscale((weights() / "resshift_realsrx4_s15_v1.pth").string(), "resshift.png", "diffusion.steps=2");
  ASSERT_EQ(teacher.status, 0) << teacher.output;
  EXPECT_THAT(teacher.output, AllOf(HasSubstr("official teacher"), HasSubstr("ancestral sampling in 2 steps")));
  EXPECT_EQ(read_image(in("resshift.png")).rgb.size(), cv::Size(256, 256));
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
