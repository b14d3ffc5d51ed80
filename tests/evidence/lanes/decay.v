// One decay: towards zero by the 2^-SHIFT-th part, rounded towards zero; then times a signed gain.
`default_nettype none
module decay #(
    parameter VALUE_BITS = 8,
    parameter GAIN_BITS = 5,
    parameter SHIFT = 2
) (
    input  wire signed [VALUE_BITS-1:0] value,
    input  wire signed [GAIN_BITS-1:0] gain,
    output wire signed [VALUE_BITS-1:0] decayed,
    output wire signed [VALUE_BITS+GAIN_BITS-1:0] product
);
    localparam MAGNITUDE_BITS = VALUE_BITS + 1;         // |-2^(VALUE_BITS-1)| needs one bit more
    localparam PRODUCT_BITS = VALUE_BITS + GAIN_BITS;
    wire signed [MAGNITUDE_BITS-1:0] wide_value = {value[VALUE_BITS-1], value};
    wire signed [MAGNITUDE_BITS-1:0] magnitude = value[VALUE_BITS-1] ? -wide_value : wide_value;
    wire signed [MAGNITUDE_BITS-1:0] kept = SHIFT == 0 ? magnitude : magnitude - (magnitude >>> SHIFT);
    wire signed [MAGNITUDE_BITS-1:0] signed_kept = value[VALUE_BITS-1] ? -kept : kept;
    wire signed [PRODUCT_BITS-1:0] wide_decayed = {{GAIN_BITS{decayed[VALUE_BITS-1]}}, decayed};
    wire signed [PRODUCT_BITS-1:0] wide_gain = {{VALUE_BITS{gain[GAIN_BITS-1]}}, gain};
    assign decayed = signed_kept[VALUE_BITS-1:0];
    assign product = wide_decayed * wide_gain;
    wire unused = signed_kept[MAGNITUDE_BITS-1];
endmodule
`default_nettype wire
