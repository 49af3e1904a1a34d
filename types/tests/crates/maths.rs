//! Numbers that are larger, finer, or several.

use raddle_types::{Random, check, there_and_back};
use serde::{Deserialize, Serialize};

#[test]
fn decimals() {
    use rust_decimal::Decimal;
    let decimal = |r: &mut Random| Decimal::new(r.number(), r.below(28) as u32);
    check(decimal);
    check(move |r| r.option(decimal));
    check(move |r| (r.word(), r.list(decimal)));
    there_and_back(&[Decimal::MAX, Decimal::MIN, Decimal::ZERO]);
    check(|r| bigdecimal::BigDecimal::new(r.number().into(), r.below(50) as i64));
    check(move |r| bigdecimal::BigDecimal::new(r.number().into(), -3));
}

#[test]
fn big_numbers() {
    use num_bigint::{BigInt, BigUint};
    check(|r| BigUint::new(r.list(|r| r.word() as u32)));
    check(|r| BigInt::from(r.number()) * BigInt::from(r.number()) * r.number());
    check(|r| num_rational::Ratio::new(r.number(), 1 + r.below(1000) as i64));
    check(|r| num_rational::BigRational::new(r.number().into(), 7.into()));
    check(|r| num_complex::Complex::new(r.float(), r.float()));
    check(|r| {
        (
            half::f16::from_f64(r.float()).to_bits(),
            half::bf16::from_f32(1.5),
        )
    });
    check(|r| ordered_float::OrderedFloat(r.float()));
    check(|r| ordered_float::NotNan::new(r.float()).unwrap());
    check(|r| r.option(|r| ordered_float::NotNan::new(r.float() as f32).unwrap()));
}

#[test]
fn matrices() {
    use nalgebra::{DMatrix, DVector, Matrix3, Point2, UnitQuaternion, Vector4};
    check(|r| Matrix3::from_fn(|_, _| r.float()));
    check(|r| DMatrix::from_fn(r.below(4) as usize, 3, |_, _| r.float()));
    check(|r| DVector::from_vec(r.list(Random::float)));
    check(|r| Vector4::new(r.float(), 0.0, 1.0, r.float()));
    check(|r| Point2::new(r.number(), r.number()));
    check(|r| UnitQuaternion::from_euler_angles(r.float().sin(), 0.5, 0.25));
    check(|r| ndarray::Array1::from(r.list(Random::float)));
    check(|r| ndarray::Array2::from_shape_fn((r.below(4) as usize, 3), |_| r.number()));
    check(|r| ndarray::ArrayD::from_shape_fn(vec![2, 1, 2], |_| r.word() as u8));
    check(|r| glam::Vec3::new(r.float() as f32, 0.0, 1.0));
    check(|r| glam::DMat4::from_translation(glam::DVec3::splat(r.float())));
    check(|r| glam::Quat::from_rotation_x(r.float() as f32));
    check(|r| glam::IVec2::new(r.word() as i32, r.word() as i32));
}

#[test]
fn geometry() {
    use geo_types::{Coord, Geometry, LineString, MultiPoint, Point, Polygon, Rect, Triangle};
    let coord = |r: &mut Random| Coord {
        x: r.float(),
        y: r.float(),
    };
    let ring = move |r: &mut Random| LineString::new((0..4).map(|_| coord(r)).collect());
    check(coord);
    check(move |r| Point::from(coord(r)));
    check(ring);
    check(move |r| Polygon::new(ring(r), r.list(ring)));
    check(move |r| Rect::new(coord(r), coord(r)));
    check(move |r| Triangle::new(coord(r), coord(r), coord(r)));
    check(move |r| match r.below(3) {
        0 => Geometry::Point(Point::from(coord(r))),
        1 => Geometry::LineString(ring(r)),
        _ => Geometry::MultiPoint(MultiPoint::new(r.list(|r| Point::from(coord(r))))),
    });
    enum Pixels {}
    check(|r| euclid::Point2D::<f64, euclid::UnknownUnit>::new(r.float(), r.float()));
    check(|r| euclid::Size2D::<i64, euclid::UnknownUnit>::new(r.number(), r.number()));
    check(|r| euclid::Length::<i64, euclid::UnknownUnit>::new(r.number()));
    let _ = std::marker::PhantomData::<Pixels>;
    check(|r| rgb::RGB8::new(r.word() as u8, r.word() as u8, 0));
    check(|r| rgb::RGBA::<u16>::new(r.word() as u16, r.word() as u16, 0, 1));
}

#[test]
fn flags() {
    bitflags::bitflags! {
        #[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Debug)]
        struct Rights: u32 {
            const READ = 1;
            const WRITE = 2;
            const RUN = 4;
        }
    }
    check(|r| Rights::from_bits_truncate(r.below(8) as u32));
    check(|r| r.list(|r| Rights::from_bits_truncate(r.below(8) as u32)));
    #[derive(enumset::EnumSetType, Serialize, Deserialize, Debug)]
    enum Day {
        Monday,
        Tuesday,
        Sunday,
    }
    check(|r| {
        let days = [Day::Monday, Day::Tuesday, Day::Sunday];
        let some = days.into_iter().filter(|_| r.is());
        some.collect::<enumset::EnumSet<Day>>()
    });
    check(|r| r.list(Random::is).into_iter().collect::<bit_vec::BitVec>());
    check(|r| {
        let mut bits = fixedbitset::FixedBitSet::with_capacity(r.below(200) as usize);
        (0..bits.len())
            .filter(|_| r.is())
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|at| bits.insert(at));
        bits
    });
    #[derive(serde_repr::Serialize_repr, serde_repr::Deserialize_repr, Clone, PartialEq, Debug)]
    #[repr(u16)]
    enum Code {
        Ok = 200,
        Gone = 410,
    }
    check(|r| if r.is() { Code::Ok } else { Code::Gone });
    check(|r| r.list(|r| if r.is() { Code::Ok } else { Code::Gone }));
}
