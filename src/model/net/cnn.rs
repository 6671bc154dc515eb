//! Convolutional net: filters that move over an image, and layers of units behind them.
//!
//! What comes in: a row of pixels for each image, row by row, the channels of each pixel side by side. What goes out is a
//! net as any other, whose front is [`Convolutions`]; what it is made of is told there. Parameters beside its own are
//! [`MlpSpec`]'s, with defaults that suit images.
//!
//! Pixels are scaled here, all by the same two numbers, and not by the recipe: a standardised column of pixels at the
//! border, which are nearly always black, would count most of all.

use super::{FittedNet, MlpSpec, begin};
use crate::Error;
use crate::error::Place;
use crate::model::{BoxedSession, Fitted, ModelKind, State, malformed};
use crate::param::{Integers, ParamDoc, ParamMap, Spec, any, between};

use crate::train::FitInput;
use crate::train::net::{Block, Convolutions, FrontPlan, PixelScale};

/// The line of the registry.
pub(in crate::model) const KIND: ModelKind = ModelKind {
    kind: "cnn",
    title: ["Convolutional network", "卷积神经网络"],
    summary: [
        "Small filters move over an image and find strokes and shapes wherever they are. Each column is a pixel.",
        "小小的滤波器在图像上移动，无论笔画和形状在哪里都能找到。每一列是一个像素。",
    ],
    wants_scaling: |_| false,
    docs: CnnSpec::docs,
    check: |params| checked(params).map(|spec| spec.to_params()),
    start,
    load,
    ..super::mlp::KIND
};

crate::choice! {
    /// What a block is.
    pub enum BlockKind {
        /// One convolution.
        Plain = "plain",
        /// A convolution of each channel by itself, then sums over the channels.
        Separable = "separable",
    }
}

crate::spec! {
    /// What stands before a convolutional net's layers.
    pub struct ImageSpec {
        /// How many rows of pixels an image has; 0 finds out.
        /// The columns of the table are its pixels, row by row, and the channels of each side by side.
        image_height: usize = 0, between(0.0, 4096.0), unit "pixels", zh "图像的高，0 表示自动判断";
        /// How many pixels a row of an image has; 0 finds out.
        /// As many pixels as a square has are a square.
        image_width: usize = 0, between(0.0, 4096.0), unit "pixels", zh "图像的宽，0 表示自动判断";
        /// How many numbers a pixel has: 1 of gray, 3 of colours; 0 finds out.
        image_channels: usize = 0, between(0.0, 16.0), unit "", zh "每个像素的通道数：灰度为 1，彩色为 3，0 表示自动判断";
        /// How each block convolves.
        /// "separable" needs far fewer multiplications: each channel by itself, then sums over the channels. The first block
        /// is plain even then, since an image has hardly any channels.
        block: BlockKind = BlockKind::Plain, any(), unit "", zh "每个模块如何卷积";
        /// How many filters each block has, as in "16, 32".
        /// Behind each block an image is half as high and wide.
        filters: Integers = Integers(vec![16, 32]), between(1.0, 512.0), unit "filters", zh "各模块的滤波器数，例如“16, 32”";
        /// How many pixels a filter sees each way; an odd number.
        kernel_size: usize = 3, between(1.0, 11.0), unit "pixels", zh "滤波器的边长，须为奇数";
    }
}

/// A convolutional net's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct CnnSpec {
    /// What stands before the layers.
    pub images: ImageSpec,
    /// The layers, and how they learn.
    pub net: MlpSpec,
}

impl Default for CnnSpec {
    fn default() -> Self {
        Self::from_checked(&Self::docs().into_iter().map(|doc| (doc.name.to_owned(), doc.default)).collect())
    }
}

impl Spec for CnnSpec {
    fn docs() -> Vec<ParamDoc> {
        let mut docs = ImageSpec::docs();
        docs.extend(MlpSpec::docs().into_iter().filter(|doc| doc.name != "embedding_dim").map(|mut doc| {
            doc.default = match doc.name {
                "hidden_layer_sizes" => vec![64].into(),
                "learning_rate" => "cosine".into(),
                "max_iter" => 20.into(),
                "batch_size" => 32.into(),
                _ => doc.default,
            };
            doc
        }));
        docs
    }

    fn to_params(&self) -> ParamMap {
        let mut params = self.net.to_params();
        params.remove("embedding_dim");
        params.extend(self.images.to_params());
        params
    }

    fn from_checked(params: &ParamMap) -> Self {
        Self { images: ImageSpec::from_checked(params), net: MlpSpec::from_checked(params) }
    }
}

crate::trouble! {
    /// Why rows are no images.
    pub enum ImageError in "train" {
        /// The features are no image of the size asked for.
        NotAnImage { n_features: usize, height: usize, width: usize, channels: usize } => "not_an_image",
            "{n_features} features are no image of height {height}, width {width} and {channels} channels, where 0 is any that makes a square",
            hint "Set image_height, image_width and image_channels, whose product is the number of features, and leave out columns that are no pixels",
            place Place::field("model.image_height");
        /// A filter has no pixel in its middle.
        EvenKernel { kernel_size: usize } => "even_kernel",
            "kernel_size is {kernel_size}, but must be odd, so that a filter has a middle",
            hint "Set kernel_size to 3 or 5",
            place Place::field("model.kernel_size");
    }
}

/// **Errors** of [`Spec::from_params`]; `train.even_kernel`.
fn checked(params: &ParamMap) -> Result<CnnSpec, Error> {
    let spec = (*CnnSpec::from_params(params)?).clone();
    match spec.images.kernel_size {
        kernel_size if kernel_size % 2 == 0 => Err(ImageError::EvenKernel { kernel_size }.into()),
        _ => Ok(spec),
    }
}

impl ImageSpec {
    /// The height, width and channels of images of so many features: what is given, and for the rest a square, gray
    /// rather than of three colours.
    ///
    /// **Errors** `train.not_an_image`.
    ///
    /// ```
    /// use vitrine::model::ImageSpec;
    /// assert_eq!(ImageSpec::default().size(784).unwrap(), [28, 28, 1]);
    /// assert_eq!(ImageSpec::default().size(3072).unwrap(), [32, 32, 3]);
    /// let wide = ImageSpec { image_width: 7, ..ImageSpec::default() };
    /// assert_eq!(wide.size(35).unwrap(), [5, 7, 1]);
    /// assert_eq!(ImageSpec::default().size(35).unwrap_err().code(), "train.not_an_image");
    /// ```
    pub fn size(&self, n_features: usize) -> Result<[usize; 3], Error> {
        let [height, width, channels] = [self.image_height, self.image_width, self.image_channels];
        let guesses = if channels == 0 { vec![1, 3] } else { vec![channels] };
        let found = guesses.into_iter().find_map(|channels| {
            let n_pixels = n_features / channels;
            let [height, width] = match [height, width] {
                [0, 0] => [n_pixels.isqrt(); 2],
                [0, width] => [n_pixels / width, width],
                [height, 0] => [height, n_pixels / height],
                both => both,
            };
            (n_features > 0 && height * width * channels == n_features).then_some([height, width, channels])
        });
        found.ok_or_else(|| ImageError::NotAnImage { n_features, height, width, channels }.into())
    }
}

fn load(state: &State) -> Result<Box<dyn Fitted>, Error> {
    let fitted = FittedNet::load(KIND.kind, state)?;
    match fitted.net().front.as_ref().map(|front| &front.plan) {
        Some(FrontPlan::Convolutions(_)) => Ok(Box::new(fitted)),
        _ => Err(malformed("nothing reads the image")),
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let CnnSpec { images, net } = checked(params)?;
    let [height, width, channels] = images.size(input.x.n_features())?;
    let is_separable = |block: usize| block > 0 && images.block == BlockKind::Separable;
    let blocks = images.filters.0.iter().enumerate();
    let front = Convolutions {
        height,
        width,
        channels,
        blocks: blocks.map(|(idx, &filters)| Block { filters, is_separable: is_separable(idx) }).collect(),
        kernel_size: images.kernel_size,
        activation: net.activation,
        batch_norm: net.batch_norm,
        scale: PixelScale::of(&input.x),
    };
    begin(KIND.kind, &net, Some(FrontPlan::Convolutions(front)), input)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn defaults_suit_images_and_there_are_no_categories() {
        let spec = CnnSpec::default();
        assert_eq!((spec.net.batch_size, spec.net.max_iter, &spec.net.hidden_layer_sizes.0[..]), (32, 20, &[64][..]));
        assert_eq!(spec.images.filters.0, [16, 32]);
        assert!(!spec.to_params().contains_key("embedding_dim"));
        assert_eq!(spec.to_params().len(), CnnSpec::docs().len());
    }

    #[test]
    fn a_filter_needs_a_middle() {
        let even = ParamMap::from([("kernel_size".to_owned(), Value::from(4))]);
        assert_eq!(checked(&even).unwrap_err().code(), "train.even_kernel");
    }

    #[test]
    fn sizes_must_fit_the_features() {
        let size = |height, width, channels, n_features| {
            let spec = ImageSpec {
                image_height: height,
                image_width: width,
                image_channels: channels,
                ..ImageSpec::default()
            };
            spec.size(n_features).map_err(|error| error.code())
        };
        assert_eq!(size(0, 0, 3, 12), Ok([2, 2, 3]));
        assert_eq!(size(2, 0, 0, 12), Ok([2, 6, 1]));
        assert_eq!(size(2, 2, 0, 12), Ok([2, 2, 3]));
        assert_eq!(size(0, 5, 2, 30), Ok([3, 5, 2]));
        for wrong in [size(0, 0, 1, 12), size(5, 0, 0, 12), size(2, 3, 1, 7), size(0, 0, 0, 0)] {
            assert_eq!(wrong, Err("train.not_an_image"));
        }
    }
}
