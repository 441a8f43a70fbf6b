#include "train/recipes/subject.h"

namespace samsr {
namespace {

class DenoiserSubject final : public Subject {
 public:
  DenoiserSubject(SuperResolutionModel& model, LoadedModel& average) : model_(model), average_(average) {}

  torch::nn::Module& network() override { return *model_.unet(); }
  torch::nn::Module& average() override { return *average_.model->unet(); }
  TensorFile file(TensorFile weights) const override {
    return model_file(model_.settings(), average_.kind, std::move(weights));
  }

 private:
  SuperResolutionModel& model_;
  LoadedModel& average_;
};

}  // namespace

std::unique_ptr<Subject> make_denoiser_subject(SuperResolutionModel& model, LoadedModel& average) {
  return std::make_unique<DenoiserSubject>(model, average);
}

}  // namespace samsr
