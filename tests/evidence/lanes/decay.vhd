-- One decay: towards zero by the 2^-SHIFT-th part, rounded towards zero; then times a signed gain.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity decay is
    generic (
        VALUE_BITS : positive := 8;
        GAIN_BITS : positive := 5;
        SHIFT : natural := 2
    );
    port (
        value : in signed(VALUE_BITS - 1 downto 0);
        gain : in signed(GAIN_BITS - 1 downto 0);
        decayed : out signed(VALUE_BITS - 1 downto 0);
        product : out signed(VALUE_BITS + GAIN_BITS - 1 downto 0)
    );
end entity decay;

architecture rtl of decay is
    constant MAGNITUDE_BITS : positive := VALUE_BITS + 1;
    constant SHIFT_WITHIN : natural := minimum(SHIFT, MAGNITUDE_BITS - 1);
    signal wide_value, magnitude, lost, kept, signed_kept : signed(MAGNITUDE_BITS - 1 downto 0);
begin
    wide_value <= resize(value, MAGNITUDE_BITS);
    magnitude <= -wide_value when value(VALUE_BITS - 1) = '1' else wide_value;
    lost <= resize(magnitude(MAGNITUDE_BITS - 1 downto SHIFT_WITHIN), MAGNITUDE_BITS);
    kept <= magnitude - lost when SHIFT /= 0 else magnitude;
    signed_kept <= -kept when value(VALUE_BITS - 1) = '1' else kept;
    decayed <= signed_kept(VALUE_BITS - 1 downto 0);
    product <= signed_kept(VALUE_BITS - 1 downto 0) * gain;
end architecture rtl;
