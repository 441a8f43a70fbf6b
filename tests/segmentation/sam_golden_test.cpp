#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>

#include "segmentation/sam_fixtures.h"
#include "segmentation/sam_predictor.h"
#include "support/golden.h"
#include "support/pictures.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

/// Golden files of the networks; those of automatic mask generation, which have the same prefix, are left out.
std::vector<fs::path> network_files() {
  std::vector<fs::path> files = golden_files("sam");
  std::erase_if(files,
                [](const fs::path& file) { return fs::exists(file) && Golden(file).config()["amg"].IsDefined(); });
  return files;
}

/// Every n-th channel, row and column, so that as many are left as `stored` has.
at::Tensor thinned(at::Tensor maps, const at::Tensor& stored) {
  for (const std::int64_t dim : {1, 2, 3}) {
    maps = maps.slice(dim, 0, {}, maps.size(dim) / stored.size(dim));
  }
  return maps;
}

class SamGolden : public ::testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    picture_ = picture_of(golden_.read("in/image"));
    predictor_.set_image(picture_);
  }
  const Golden golden_{GetParam()};
  const SamArchitecture sizes_ = architecture_of(golden_.config());
  const std::shared_ptr<SamNetwork> network_ = seeded_sam(sizes_, golden_.salt());
  cv::Mat picture_;
  SamPredictor predictor_{network_};
};

TEST_P(SamGolden, HasTheOfficialNamesAndAnswersAsTheReference) {
  std::vector<std::string> names = network_->named_parameters().keys();
  for (const std::string& buffer : network_->named_buffers().keys()) {
    names.push_back(buffer);
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(golden_.param_names()));

  const at::Tensor embedding = predictor_.embedding();
  const at::Tensor sample = golden_.read("out/embedding_sample");
  golden_.expect_close(embedding.mean({2, 3}), "out/embedding_mean");
  golden_.expect_close(thinned(embedding, sample), "out/embedding_sample");
  // The name notwithstanding, the shape of what the encoder is given.
  const at::Tensor input = prepare_for_sam(picture_, SamFrame(picture_.size(), sizes_.img_size));
  golden_.expect_close(torch::tensor(input.sizes()), "out/input_padded_mean");

  SamPrompts points;
  points.points = golden_.read("in/points");
  points.labels = torch::ones({points.points.size(0), points.points.size(1)}, torch::kInt64);
  const SamMasks many = predictor_.predict(points, true);
  golden_.expect_close(many.iou, "out/iou");
  golden_.expect_close(thinned(many.logits, golden_.read("out/low_res_logits")), "out/low_res_logits");
  const at::Tensor positive = predictor_.at_image_size(many.logits).gt(0).to(torch::kFloat64).mean({2, 3});
  golden_.expect_close(positive, "out/masks_positive");

  SamPrompts box;
  box.boxes = golden_.read("in/box").view({1, 4});
  const SamMasks one = predictor_.predict(box, false);
  golden_.expect_close(one.iou.view(-1), "out/box_iou");
  golden_.expect_close(thinned(one.logits, golden_.read("out/box_low_res")), "out/box_low_res");
}

SAMSR_GOLDEN_SUITE(SamGolden, network_files());

}  // namespace
}  // namespace samsr::testing
