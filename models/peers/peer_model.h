#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diffusion/ddim.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// How a method's own program makes the sides of a picture multiples of what its network takes.
enum class PeerPadding {
  kMirrored,  ///< mirrored without its edge, where they are not
  kFlipped,   ///< the flipped picture appended up to the next multiple, always: a whole one where they are (SwinIR)
};

/// What is to be known of a compared method's network to work on pictures with it.
struct PeerTraits {
  std::string network;        ///< "RRDBNet"
  std::string sizes;          ///< for people: "23 blocks of 64"
  std::int64_t scale = 4;     ///< HR pixels per LR pixel along an axis
  std::int64_t multiple = 1;  ///< of both sides, LR pixels
  PeerPadding padding = PeerPadding::kMirrored;
  std::int64_t reach = 0;         ///< LR pixels that a result's pixel looks at, to each side; 0: all
  bool looks_at_whole = false;    ///< has something of the whole picture for all parts: PeerModel::of_picture()
  std::int64_t noise_layers = 0;  ///< layers of noise, each as large as the picture
  bool in_bfloat16 = true;        ///< whether its weights may be bfloat16
  std::int64_t tile = 512;        ///< side of what it sees at once by default, LR pixels
  double numbers_per_pixel = 0;   ///< of activations held at once, for each LR pixel
};

/// A compared method, ready for pictures: RGB in [0,1].
class PeerModel {
 public:
  /// `networks`: all that hold weights.
  PeerModel(PeerTraits traits, std::vector<std::shared_ptr<torch::nn::Module>> networks);
  virtual ~PeerModel() = default;
  PeerModel(const PeerModel&) = delete;
  PeerModel& operator=(const PeerModel&) = delete;

  const PeerTraits& traits() const { return traits_; }
  /// Moves the weights, as numbers of `type`, float32, or bfloat16 where traits().in_bfloat16, and prepares them for
  /// inference. What bfloat16 does not hold of them is gone.
  void to(const at::Device& device, at::ScalarType type = at::kFloat);
  at::Device device() const;
  at::ScalarType type() const;
  std::size_t weight_bytes() const;
  /// How many numbers were learned.
  double parameters() const;
  /// CRC-32C of all weights as float32.
  std::uint32_t checksum() const;

  /// What all parts of a picture (1,3,H,W) share, for enlarge(): DASR's mixture of experts; undefined without
  /// traits().looks_at_whole.
  virtual at::Tensor of_picture(const at::Tensor& picture) const;
  /// Parts (B,3,H,W) of one picture, float32, with traits().multiple in both sides -> (B,3,sH,sW) float32, not cut to
  /// [0,1]. `shared`: of_picture(); `noise` (noise_layers,B,3,H,W) standard normal, undefined without layers.
  at::Tensor enlarge(const at::Tensor& parts, const at::Tensor& shared, const at::Tensor& noise) const;

 private:
  virtual at::Tensor enlarged(const at::Tensor& parts, const at::Tensor& shared, const at::Tensor& noise) const = 0;

  const PeerTraits traits_;
  const std::vector<std::shared_ptr<torch::nn::Module>> networks_;
};

/// Weights, and what the file is called in messages.
struct PeerFile {
  TensorFile file;
  std::string source;
};

/// What a file's tensors are of, told from their names and shapes alone; the names of files play no part.
enum class PeerKind { kNone, kRrdbNet, kSrvgg, kSwinIr, kDasrGenerator, kDasrPredictor, kDasr, kLdmSr };
PeerKind peer_kind(const TensorFile& file);

/// The network of the file, or of DASR's two files in any order. Sizes follow from the tensors; DDIM's steps and η are
/// for LDM-SR. UserError in one line, naming the file and the first few tensors, where some are missing, superfluous or
/// of another shape, the network's pictures are not RGB, or one of DASR's files is wanting.
std::unique_ptr<PeerModel> load_peer(const std::vector<PeerFile>& files, const DdimSettings& ddim);

}  // namespace samsr
