#include "data/online/fresh_pairs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/resize.h"
#include "core/setting_lines.h"
#include "data/shards/decode.h"
#include "models/first_stage/first_stage.h"
#include "segmentation/coverage_of.h"

namespace samsr {
namespace {

/// Row `row` of a batch's images (B,3,H,W).
template <class T>
void put_image(const at::Tensor& images, std::int64_t row, const cv::Mat& image) {
  CV_Assert(image.type() == CV_8UC3 && image.isContinuous() && image.rows == images.size(2) &&
            image.cols == images.size(3));
  decode_pixels(image.data, image.total(), image.total(), images[row].mutable_data_ptr<T>());
}

}  // namespace

std::vector<ShardField> fresh_fields(std::int64_t side, std::int64_t scale) {
  const std::int64_t small = side / scale;
  const auto field = [](const char* name, std::vector<std::int64_t> shape) {
    ShardField made;
    made.name = name;
    made.bytes = static_cast<std::size_t>(c10::multiply_integers(shape));
    made.shape = std::move(shape);
    return made;
  };
  return {field("hr", {side, side, 3}), field("lr", {small, small, 3}), field("coverage", {small, small})};
}

const ShardField* find_field(std::span<const ShardField> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &ShardField::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string graph_lines(const MaskSettings& settings) {
  MaskSettings copy = settings;
  Settings registry;
  copy.bind(registry);
  return setting_lines(registry, [](const std::string& key) {
    return key.starts_with("masks.graph_") || key == "masks.source" || key == "masks.pool_threshold";
  });
}

void check_fresh_fields(const BatchFields& fields, const DataSettings& data) {
  if (fields.coverage && data.all_scales().size() > 1) {
    throw UserError(
        "data.degrade=online: masks of several scales (data.scales) do not fit into one batch; leave data.scales out, "
        "or use a recipe that needs no masks (flowmap)");
  }
  const char* lacking = fields.rollout ? "rollouts of a teacher" : fields.coverage_hr ? "the HR images' coverage" : "";
  if (*lacking != 0) {
    throw UserError(
        "data.degrade=online: pairs that are degraded while training have no {}, which this run needs; set "
        "data.degrade=cached and train on shards that have them",
        lacking);
  }
}

void check_graph_masks(const BuildSettings& settings, const std::string& sam) {
  if (settings.masks.of_latents(settings.sam.released())) {
    throw UserError(
        "data.degrade=online: the masks of this run are those of latents (samsr.variant={}, "
        "masks.picture={}), which the loader's threads do not have; set masks.source=graph and "
        "masks.picture=lr, or data.degrade=cached",
        settings.sam.variant, settings.masks.picture);
  }
  if (settings.masks.source != "graph") {
    throw UserError(
        "data.degrade=online, masks.source={}: Segment Anything is too slow for the loader's threads{}; set "
        "masks.source=graph, or data.degrade=cached",
        settings.masks.source, sam);
  }
}

FreshRows::FreshRows(const BuildSettings& settings, const BatchFields& fields, std::int64_t side, bool segments)
    : masks_(settings.masks),
      fields_(fields),
      scale_(settings.data.scale),
      side_(side),
      several_(settings.data.all_scales().size() > 1),
      lq_side_(side / (several_ ? settings.first_stage.latent_factor() : scale_)),
      segments_(segments && fields.coverage) {
  if (segments_) {
    masks_.check();
  }
}

Batch FreshRows::add_memory(Batch batch, std::int64_t count) const {
  batch.lq = memory_->tensor({count, 3, lq_side_, lq_side_}, at::kFloat, fields_.pinned);
  if (several_) {
    batch.enlarged = memory_->tensor({count, 3, side_, side_}, at::kFloat, fields_.pinned);
  }
  if (fields_.hr) {
    batch.hr = memory_->tensor({count, 3, side_, side_}, at::kByte, fields_.pinned);
  }
  if (segments_) {
    batch.coverage = memory_->tensor({count, 1, lq_side_, lq_side_}, at::kByte, fields_.pinned);
  }
  return batch;
}

void FreshRows::put(Batch& batch, std::int64_t row, const cv::Mat& hr, const cv::Mat& lr) const {
  if (several_) {
    const at::Tensor image = at::empty({1, 3, lr.rows, lr.cols}, at::kFloat);
    put_image<float>(image, 0, lr);
    batch.lq[row].copy_(resize_bicubic(image, {lq_side_, lq_side_})[0]);
    batch.enlarged[row].copy_(enlarge_bicubic(image, side_ / lr.rows)[0]);
  } else {
    put_image<float>(batch.lq, row, lr);
  }
  if (fields_.hr) {
    put_image<std::uint8_t>(batch.hr, row, hr);
  }
  if (segments_) {
    const int scale = static_cast<int>(scale_);
    const auto source = make_mask_source(masks_);  // serves one thread
    const PictureMasks found =
        coverage_of({enlarged_for_masks(lr, scale)}, scale, *source, masks_.pool_threshold).front();
    batch.coverage[row][0].copy_(found.coverage);
  }
}

}  // namespace samsr
