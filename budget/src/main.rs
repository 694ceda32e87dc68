use tinyrealm_budget::{debug_info::DebugInfo, image::Image, parts::Parts, part::Part, stack::Stack, settings::Settings};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let s = Settings::read(std::path::Path::new(&a[2])).unwrap();
    let image = Image::read(std::path::Path::new(&a[1])).unwrap();
    let info = DebugInfo::read(&image).unwrap();
    let parts = Parts::of(&image, &info).unwrap();
    for p in Part::ALL { println!("{:30} {:6} {:6}", p.label(), parts.ram.get(&p).unwrap_or(&0), parts.flash.get(&p).unwrap_or(&0)); }
    println!("{} {} core {}", image.ram_bytes(), image.flash_bytes(), parts.core_share());
    let st = Stack::of(&image, &s.pointer_call).unwrap();
    println!("{:#?}", st);
}
