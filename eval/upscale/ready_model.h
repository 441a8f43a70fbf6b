#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "core/log.h"
#include "eval/upscale/model_argument.h"
#include "eval/upscale/picture_upscaler.h"

namespace samsr {

/// A model of the command line on its device, ready for pictures: one of samsr's kinds, or a compared method's.
class ReadyModel {
 public:
  virtual ~ReadyModel() = default;
  virtual const PictureUpscaler& upscaler() const = 0;
  /// upscale_record() of its pictures.
  virtual std::string record() const = 0;
  /// Learned numbers of all networks together, as publications count them.
  virtual double millions_of_parameters() const = 0;
};

/// The model that the argument names. Which kind it is follows from what its file holds, never from the file's name; a
/// folder without checkpoints is one of DASR's two files. Says in the log what was taken. UserErrors as of
/// load_model_argument(), load_peer(), Upscaler and PeerUpscaler, and where the argument has steps and the model no
/// choice of them.
std::unique_ptr<ReadyModel> ready_model(const ModelArgument& argument, c10::Device device, Log& log);

}  // namespace samsr
